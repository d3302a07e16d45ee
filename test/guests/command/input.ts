/** What programs do with standard input, by the argument. */
import { Fiber, print, run, sleep, Stdin } from "as-fibers/assembly";

function readOne(): void {
  const line = Stdin.readLine();
  print(line === null ? "end" : `[${line}]`);
}

function readAll(): void {
  let line = Stdin.readLine();
  while (line !== null) {
    print(`[${line}]`);
    line = Stdin.readLine();
  }
  print("end");
}

function countAll(): void {
  let lines = 0;
  let characters = 0;
  let line = Stdin.readLine();
  while (line !== null) {
    lines++;
    characters += line.length;
    line = Stdin.readLine();
  }
  print(`${lines} lines, ${characters} characters`);
}

/** Reads one line, then leaves the input alone for a while. */
function readSlowly(): void {
  readOne();
  sleep(100);
}

function cancelRead(): void {
  const reader = run(readOne, "reader");
  sleep(1);
  reader.cancel("not needed any more");
  if (!reader.tryJoin()) print(reader.error!.code);
}

let mainFiber: Fiber | null = null;

function joinMain(): void {
  mainFiber!.join();
}

/** Waits for what never comes. */
function stop(): void {
  mainFiber = Fiber.current();
  run(joinMain, "partner").join();
}

export function main(way: string): void {
  if (way == "none") print("not read");
  else if (way == "one") readOne();
  else if (way == "all") readAll();
  else if (way == "count") countAll();
  else if (way == "slowly") readSlowly();
  else if (way == "cancel, one") {
    cancelRead();
    readOne();
  } else if (way == "one, stop") {
    readOne();
    stop();
  } else if (way == "cancel, stop") {
    cancelRead();
    stop();
  }
}
