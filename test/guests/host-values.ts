// Exported functions of every type that crosses the border to JavaScript, and some that cannot.
import { sleep, yieldNow } from "as-fibers/assembly";
import { triple } from "./host-values/arithmetic";
export { double, half as halve } from "./host-values/arithmetic";

export function echoI8(value: i8): i8 {
  yieldNow();
  return value;
}

export function echoU8(value: u8): u8 {
  yieldNow();
  return value;
}

export function echoI16(value: i16): i16 {
  yieldNow();
  return value;
}

export function echoU16(value: u16): u16 {
  yieldNow();
  return value;
}

export function echoI32(value: i32): i32 {
  yieldNow();
  return value;
}

export function echoU32(value: u32): u32 {
  yieldNow();
  return value;
}

export function echoIsize(value: isize): isize {
  yieldNow();
  return value;
}

export function echoUsize(value: usize): usize {
  yieldNow();
  return value;
}

export function echoI64(value: i64): i64 {
  yieldNow();
  return value;
}

export function echoU64(value: u64): u64 {
  yieldNow();
  return value;
}

export function echoF32(value: f32): f32 {
  yieldNow();
  return value;
}

export function echoF64(value: f64): f64 {
  yieldNow();
  return value;
}

export function echoBool(value: bool): bool {
  yieldNow();
  return value;
}

export function echoString(value: string): string {
  yieldNow();
  return value;
}

export function negate(value: bool): bool {
  return !value;
}

export function lengthOf(value: string): i32 {
  return value.length;
}

/** What the guest sees of each value: a mistake that echoing would undo shows here. */
export function describe(a: i8, b: u8, c: i64, d: u64, e: f32, f: f64, g: bool, h: string): string {
  yieldNow();
  return `${a} ${b} ${c} ${d} ${e} ${f} ${g} ${h}`;
}

export function nothing(): void {
  yieldNow();
}

let count: i32 = 100;

/** The name of its parameter is that of a variable of the module; its initializers read the parameters before them. */
export function withDefaults(
  first: string,
  body: string = "body",
  size: i32 = count + first.length,
  next: i64 = <i64>size + 1,
): string {
  yieldNow();
  return `${first},${body},${size},${next}`;
}

export function failingDefault(value: i32 = checked(-1)): i32 {
  return value;
}

export function waitingDefault(value: i32 = slept()): i32 {
  return value;
}

function slept(): i32 {
  sleep(1);
  return 1;
}

function checked(value: i32): i32 {
  if (value < 0) throw new Error("E_NEGATIVE: the default is negative");
  return value;
}

// Names that generated code might use itself.
export function body(a: i32): i32 {
  return a + 1;
}

export function a(Arguments: i32, a0: i32 = 3): i32 {
  return Arguments * a0;
}

function hidden(value: i32): i32 {
  yieldNow();
  return value * 10;
}

export { hidden as shown, triple };

export function takesArray(values: Array<i32>): i32 {
  return values.length;
}

export function givesArray(): Array<i32> {
  return [1];
}

class Point {
  x: i32 = 0;
}

export function takesObject(point: Point): i32 {
  return point.x;
}

export function takesNullable(text: string | null): bool {
  return text == null;
}
