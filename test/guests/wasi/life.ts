/** What can happen in the life of a program on target `wasi`: one way per word. */
import { args, Channel, defer, fail, go, monotonicNow, print, sleep, spawn, yieldNow } from "as-fibers/assembly";
import { environmentVariable } from "as-fibers/assembly/wasi/environment";
import { readFile, writeFile } from "./files";

print("top level, " + args().length.toString() + " words");

function failWith(number: i32): i32 {
  fail(`on purpose ${number}`, "E_PURPOSE");
  return 0;
}

function joinFailing(number: i32): i32 {
  return spawn(failWith, number, "inner").join();
}

function sayBye(name: string): void {
  sleep(1);
  print(`${name} is cleaned up`);
}

function receive(channel: Channel<i32>): void {
  defer(sayBye, "receiver");
  channel.receive();
}

function work(name: string): void {
  defer(sayBye, name);
  while (true) sleep(10);
}

function never(): void {
  defer(neverEnd, 0);
  sleep(Infinity);
}

function neverEnd(_: i32): void {
  while (true) sleep(100);
}

function printLines(count: i32): void {
  for (let i = 0; i < count; i++) print(`line ${i}`);
}

export function main(way: string, number: i32 = 3, factor: f64 = 0.5, flag: bool = false): f64 {
  if (way == "fail") spawn(joinFailing, number, "outer").join();
  else if (way == "unobserved") {
    spawn(failWith, number, "lost");
    sleep(1);
  } else if (way == "deadlock") {
    const channel = new Channel<i32>();
    go(receive, channel, "receiver");
    channel.receive();
  } else if (way == "throw") throw new Error("E_MINE: thrown");
  else if (way == "assert") assert(false, "not so");
  else if (way == "trap") unreachable();
  else if (way == "background") {
    go(work, "worker");
    sleep(25);
  } else if (way == "endless") {
    go(work, "worker");
    go(neverEndingFiber, 0);
    yieldNow();
  } else if (way == "lines") printLines(number);
  else if (way == "sleep") {
    const begin = monotonicNow();
    sleep(2.5);
    print(`${monotonicNow() - begin}`);
  } else if (way == "world") {
    const home = environmentVariable("HOME");
    print(home === null ? "no home" : home);
    const missing = environmentVariable("HOM");
    print(missing === null ? "no hom" : missing);
    print(`${Date.now()} ${Math.random() != Math.random()} ${performance.now() > 0}`);
    if (environmentVariable("FILES") !== null) {
      writeFile("copy.txt", readFile("greeting.txt") + ", copied");
      print(readFile("copy.txt"));
      print(readFile("missing.txt"));
    }
    console.log("logged");
    console.error("an error");
    trace("traced", 2, 1, 2.5);
  } else if (way == "values") print(`${args().join(" ")}: ${number} ${factor} ${flag}`);
  return factor * number;
}

function neverEndingFiber(_: i32): void {
  never();
}
