/** A function for each type that crosses the border, each way. Also compiled by asc alone, to compare. */

export enum Colour {
  RED,
  GREEN = 7,
}

/** A plain object. */
export class Point {
  x: f64 = 0;
  y: i32 = 0;
  name: string = "";
  next: Point | null = null;
  tags: string[] = [];
  big: i64 = 0;
  isOn: bool = false;
}

class Pair<A, B> {
  first!: A;
  second!: B;
}

/** JavaScript has only a reference to it. */
export class Counter {
  constructor(public value: i32) {}
}

class Other {
  constructor(public value: i32) {}
}

/** How often something was counted. */
export let counted: i32 = 0;
export const title: string = "values Ω";
export let big: u64 = u64.MAX_VALUE;

export function echoI8(value: i8): i8 {
  return value;
}
export function echoU8(value: u8): u8 {
  return value;
}
export function echoI16(value: i16): i16 {
  return value;
}
export function echoU16(value: u16): u16 {
  return value;
}
export function echoI32(value: i32): i32 {
  return value;
}
export function echoU32(value: u32): u32 {
  return value;
}
export function echoI64(value: i64): i64 {
  return value;
}
export function echoU64(value: u64): u64 {
  return value;
}
export function echoF32(value: f32): f32 {
  return value;
}
export function echoF64(value: f64): f64 {
  return value;
}
export function echoBool(value: bool): bool {
  return value;
}
export function echoString(value: string): string {
  return value;
}
export function echoMaybeString(value: string | null): string | null {
  return value;
}
export function echoColour(value: Colour): Colour {
  return value;
}
export function echoNumbers(value: i32[]): i32[] {
  return value;
}
export function echoBools(value: bool[]): bool[] {
  return value;
}
export function echoBigs(value: u64[]): u64[] {
  return value;
}
export function echoStrings(value: (string | null)[]): (string | null)[] {
  return value;
}
export function echoMatrix(value: f32[][]): f32[][] {
  return value;
}
export function echoStatic(value: StaticArray<i16>): StaticArray<i16> {
  return value;
}
export function echoStaticStrings(value: StaticArray<string>): StaticArray<string> {
  return value;
}
export function echoBuffer(value: ArrayBuffer): ArrayBuffer {
  return value;
}
export function echoBytes(value: Uint8Array): Uint8Array {
  return value;
}
export function echoClamped(value: Uint8ClampedArray): Uint8ClampedArray {
  return value;
}
export function echoFloats(value: Float64Array | null): Float64Array | null {
  return value;
}
export function echoLongs(value: Int64Array): Int64Array {
  return value;
}
export function echoPoint(value: Point): Point {
  return value;
}
export function echoPoints(value: (Point | null)[]): (Point | null)[] {
  return value;
}
export function echoPair(value: Pair<string, f64[]>): Pair<string, f64[]> {
  return value;
}

export function makeCounter(value: i32): Counter {
  return new Counter(value);
}
/** Counts one more. */
export function count(counter: Counter): i32 {
  counted++;
  return ++counter.value;
}
export function makeOther(value: i32): Other {
  return new Other(value);
}
export function otherValue(other: Other): i32 {
  return other.value;
}
export function makeCounters(values: i32[]): Counter[] {
  return values.map<Counter>((value) => new Counter(value));
}
export function sumCounters(counters: Counter[]): i32 {
  return counters.reduce<i32>((sum, counter) => sum + counter.value, 0);
}

/**
 * Joins what it is given.
 * @param first comes first
 */
export function join(first: string, second: string = first + "!", third: i32[] = [1, 2]): string {
  return first + second + third.toString();
}

/** Uses much of everything at once. */
export function mix(a: string, b: u8[], c: Point | null, d: Float32Array, e: u64, f: bool): string {
  return `${a} ${b.toString()} ${c ? c.name : "none"} ${d.length} ${e} ${f}`;
}

/** All strings, one after the other: how they arrived. */
export function flatten(value: (string | null)[][]): string {
  let text = "";
  for (let i = 0; i < value.length; i++) {
    for (let j = 0; j < value[i].length; j++) text += value[i][j] || "(null)";
  }
  return text;
}

export function identity<T>(value: T): T {
  return value;
}

export namespace Space {
  export function inside(): void {}
}

export function callback(fn: (value: i32) => i32): i32 {
  return fn(1);
}
