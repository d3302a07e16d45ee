// A pipeline with back-pressure: its slowest stage sets the pace, and nothing piles up in front of it.
import { Channel, go, print, sleep } from "as-fibers/assembly";

const CAPACITY = 2;
const numbers = new Channel<i32>(CAPACITY);
const squares = new Channel<i32>(CAPACITY);
let underWay = 0;
let mostUnderWay = 0;

function count(limit: i32): void {
  for (let i = 1; i <= limit; i++) {
    mostUnderWay = max(mostUnderWay, ++underWay);
    numbers.send(i); // waits while the channel is full
  }
  numbers.close();
}

function square(from: Channel<i32>): void {
  while (from.next()) squares.send(from.value * from.value);
  squares.close(); // each stage tells the next one that no more comes
}

export function main(limit: i32 = 100): void {
  go(count, limit, "count");
  go(square, numbers, "square");
  let sum = 0;
  while (squares.next()) {
    sum += squares.value;
    underWay--;
    if (squares.value % 2) sleep(1); // slower than the others
  }
  print(`the squares of 1 to ${limit} add up to ${sum}`);
  print(`at most ${mostUnderWay} numbers under way`); // two in each channel, and one in the hands of each stage
}
