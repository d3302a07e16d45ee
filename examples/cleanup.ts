// Cleanups run when a fiber returns, fails or is cancelled.
import { defer, fail, go, print, run, sleep } from "as-fibers/assembly";

function giveBack(thing: string): void {
  sleep(1); // a cleanup may wait
  print(`${thing} is given back`);
}

/** Whatever happens to the fiber from here on, `giveBack` runs once. */
function take(thing: string): void {
  print(`${thing} is taken`);
  defer(giveBack, thing);
}

function returns(thing: string): void {
  take(thing);
}

function fails(thing: string): void {
  take(thing);
  fail("the door is locked", "E_LOCKED");
}

function waits(): void {
  take("the lamp");
  take("the umbrella"); // the last one taken is the first one given back
  sleep(Infinity);
}

export function main(): void {
  const first = go(returns, "the book", "reader");
  const second = go(fails, "the key", "guest");
  const third = run(waits, "waiter");
  first.join();
  print(`${first.name}: done`);
  if (!second.tryJoin()) print(`${second.name}: ${second.error!.toString()}`);
  third.cancel("closing time");
  if (!third.tryJoin()) print(`${third.name}: ${third.error!.toString()}`);
}
