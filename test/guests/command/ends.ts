/** The ways in which a program can end, by the argument. */
import { defer, fail, Fiber, go, print, run, sleep, TcpListener, yieldNow } from "as-fibers/assembly";

/** In milliseconds. */
const A_WEEK: f64 = 7 * 24 * 3600 * 1000;

function say(what: string): void {
  print(what);
}

function wait(name: string): void {
  defer(say, `${name} is cleaned up`);
  sleep(A_WEEK);
}

function spin(_: i32): void {
  while (true) {}
}

function failAlone(): void {
  fail("nobody joins this", "E_ALONE");
}

function accept(): void {
  TcpListener.bind("127.0.0.1", 0).accept();
}

let partner: Fiber | null = null;
let other: Fiber | null = null;

function joinPartner(): void {
  const fiber = partner;
  if (fiber) fiber.join();
}

function joinOther(): void {
  other!.join();
}

function recurse(depth: i32): i32 {
  if (!depth) yieldNow();
  return depth ? recurse(depth - 1) + 1 : 0;
}

export function main(way: string): void {
  if (way == "throw") throw new Error("thrown on purpose");
  else if (way == "fail") fail("failed on purpose", "E_PURPOSE");
  else if (way == "leave") {
    go(wait, "background", "background");
    yieldNow();
  } else if (way == "unseen") {
    run(failAlone, "unseen");
    yieldNow();
  } else if (way == "wait") {
    print("waiting");
    wait("main");
  } else if (way == "spin") {
    defer(spin, 0);
    print("waiting");
    sleep(A_WEEK);
  } else if (way == "deadlock") {
    partner = Fiber.current();
    run(joinPartner, "partner").join();
  } else if (way == "busy") {
    print("waiting");
    sleep(1);
    spin(0);
  } else if (way == "circle") {
    other = run(joinPartner, "first");
    partner = run(joinOther, "second");
    print("waiting");
    wait("main");
  } else if (way == "accept") accept();
  else if (way == "deep") print(`${recurse(1000)} deep`);
  else if (way == "lines") for (let i = 0; i < 30_000; i++) print(`line ${i}`);
}
