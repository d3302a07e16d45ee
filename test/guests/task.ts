// Arguments and results of every type, through spawn, go and run.
import { fail, Fiber, go, sleep, spawn, State, Task, yieldNow } from "as-fibers/assembly";
import { log, takeLog } from "./support/log";

class Point {
  constructor(
    public x: f64,
    public y: f64,
  ) {}
}

class Named extends Point {
  constructor(public name: string) {
    super(1, 2);
  }
}

enum Color {
  RED = 3,
  GREEN = 5,
}

/** Through a fiber and back, with a wait between. */
function through<T>(value: T): T {
  const echo = (one: T): T => {
    yieldNow();
    return one;
  };
  return spawn<T, T>(echo, value).join();
}

function integers<T extends number>(low: T, high: T): void {
  const one = <T>1;
  log(`${nameof<T>()} ${through<T>(low)} ${through<T>(one)} ${through<T>(high)}`);
}

export function numbers(): string {
  integers<i8>(i8.MIN_VALUE, i8.MAX_VALUE);
  integers<u8>(u8.MIN_VALUE, u8.MAX_VALUE);
  integers<i16>(i16.MIN_VALUE, i16.MAX_VALUE);
  integers<u16>(u16.MIN_VALUE, u16.MAX_VALUE);
  integers<i32>(i32.MIN_VALUE, i32.MAX_VALUE);
  integers<u32>(u32.MIN_VALUE, u32.MAX_VALUE);
  integers<i64>(i64.MIN_VALUE, i64.MAX_VALUE);
  integers<u64>(u64.MIN_VALUE, u64.MAX_VALUE);
  integers<isize>(isize.MIN_VALUE, isize.MAX_VALUE);
  integers<usize>(usize.MIN_VALUE, usize.MAX_VALUE);
  log(`f32 ${through<f32>(-1.5)} ${through<f32>(f32.MAX_VALUE) == f32.MAX_VALUE} ${through<f32>(NaN)}`);
  log(`f64 ${through<f64>(0.1)} ${through<f64>(f64.MAX_VALUE) == f64.MAX_VALUE} ${through<f64>(-Infinity)}`);
  log(`signs ${1 / through<f64>(-0.0)} ${<f32>1 / through<f32>(-0.0)}`);
  log(`bool ${through<bool>(true)} ${through<bool>(false)}`);
  log(`enum ${through<Color>(Color.GREEN)}`);
  return takeLog();
}

export function references(): string {
  const point = new Point(1.5, -2);
  const list = [1, 2, 3];
  log(`string ${through("a string")} "${through("")}"`);
  log(`class ${through(point) == point} ${through(point).y}`);
  log(`subclass ${through<Point>(new Named("sub")) instanceof Named}`);
  log(`array ${through(list) == list} ${through(list).toString()}`);
  log(`static array ${through<StaticArray<i16>>([1, -2])[1]}`);
  log(`nested array ${through([["a"], ["b", "c"]])[1][1]}`);
  log(`bytes ${through(new Uint8Array(3)).length}`);
  log(`map ${through(new Map<string, i32>().set("k", 7)).get("k")}`);
  log(`null ${through<Point | null>(null) == null} ${through<string | null>(null) == null}`);
  log(`not null ${through<string | null>("here")!}`);
  return takeLog();
}

function parse(text: string): f64 {
  yieldNow();
  return parseFloat(text);
}

function format(value: f64): string {
  yieldNow();
  return `${value}`;
}

function describe(point: Point): string {
  yieldNow();
  return `(${point.x}, ${point.y})`;
}

function twice(value: u8): i64 {
  yieldNow();
  return <i64>value * 2_000_000_000_000;
}

function isLong(text: string): bool {
  return text.length > 3;
}

/** Argument and result of different types; both inferred where they can be. */
export function mixed(): string {
  log(`${spawn(parse, "2.5").join()}`);
  log(spawn(format, 0.25).join());
  log(spawn(describe, new Point(1, 2)).join());
  log(`${spawn<u8, i64>(twice, 200).join()}`);
  log(`${spawn(isLong, "long").join()} ${spawn(isLong, "no").join()}`);
  return takeLog();
}

function keepI8(value: i8): void {
  log(`i8 ${value}`);
}
function keepU16(value: u16): void {
  log(`u16 ${value}`);
}
function keepI64(value: i64): void {
  log(`i64 ${value}`);
}
function keepF32(value: f32): void {
  log(`f32 ${value}`);
}
function keepF64(value: f64): void {
  log(`f64 ${value}`);
}
function keepBool(value: bool): void {
  log(`bool ${value}`);
}
function keepString(value: string): void {
  log(`string ${value}`);
}
function keepPoint(value: Point | null): void {
  log(`point ${value ? value.x : -1}`);
}

export function goArguments(): string {
  go<i8>(keepI8, -128);
  go<u16>(keepU16, 65535);
  go<i64>(keepI64, i64.MIN_VALUE);
  go<f32>(keepF32, 1.25);
  go<f64>(keepF64, 1.1);
  go<bool>(keepBool, true);
  go<string>(keepString, "text");
  go<Point | null>(keepPoint, new Point(4, 5));
  go<Point | null>(keepPoint, null);
  yieldNow();
  return takeLog();
}

function makeText(n: i32): string {
  sleep(1);
  return `made ${n}`;
}

function joinTask(task: Task<string>): string {
  const result = task.join();
  return `${Fiber.current().name}: ${result}`;
}

/** One result for several joiners, also later, and after collections. */
export function shared(): string {
  const task = spawn(makeText, 7, "maker");
  const a = spawn(joinTask, task, "a");
  const b = spawn(joinTask, task, "b");
  log(a.join());
  log(b.join());
  if (ASC_RUNTIME == 2) __collect();
  for (let i = 0; i < 1000; i++) new Point(i, i);
  if (ASC_RUNTIME == 2) __collect();
  log(task.join());
  log(task.value);
  log(`${task.tryJoin()} ${task.state == State.DONE} ${task.error == null}`);
  log(`${task.fiber.state == task.state} ${task.fiber.tryJoin()}`);
  return takeLog();
}

let dropped: Task<string>[] = [];

/** Results that are asked for long after their fibers have ended. */
export function keepResults(count: i32): i32 {
  for (let i = 0; i < count; i++) dropped.push(spawn(makeText, i));
  sleep(2);
  return dropped.length;
}

export function readResults(): i32 {
  let right = 0;
  for (let i = 0; i < dropped.length; i++) if (dropped[i].value == `made ${i}`) right++;
  dropped = [];
  return right;
}

export function valueTooEarly(): string {
  return spawn(makeText, 1).value;
}

function failing(n: i32): string {
  yieldNow();
  fail(`no ${n}`, "E_NO");
  return "cannot be here";
}

export function valueOfFailed(): string {
  const task = spawn(failing, 1);
  log(`${task.tryJoin()} ${task.error!.toString()}`);
  return task.value;
}

export function valueOfCancelled(): string {
  const task = spawn(makeText, 1);
  task.cancel("not wanted");
  log(`${task.tryJoin()} ${task.state == State.CANCELLED}`);
  return task.value;
}

function joinFailing(n: i32): string {
  const result = spawn(failing, n, "inner").join();
  log("cannot be here");
  return result;
}

export function joinFailed(): string {
  const task = spawn(joinFailing, 3);
  log(`${task.tryJoin()} ${task.error!.toString()} because ${task.error!.cause!.toString()}`);
  return takeLog();
}

export function forget(): string {
  return takeLog();
}
