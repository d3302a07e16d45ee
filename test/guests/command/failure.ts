/** Fails in a fiber two joins below main. */
import { spawn } from "as-fibers/assembly";

function read(index: i32): i32 {
  const values = [1, 2, 3];
  return values[index];
}

function middle(index: i32): i32 {
  return spawn(read, index, "reader").join();
}

export function main(index: i32 = 3): i32 {
  return spawn(middle, index, "middle").join();
}
