// A rate limiter: three requests at once, then one for every tick. Permits wait in a bucket, and a ticker fills it up again.
import { Fiber, go, monotonicNow, print, run, Semaphore, Ticker } from "as-fibers/assembly";

const BURST = 3;
const PERIOD = 20; // milliseconds
const bucket = new Semaphore(BURST);
let begin: i64 = 0;

function refill(): void {
  const ticker = new Ticker(PERIOD); // does not drift: the tenth tick comes after ten periods
  while (true) {
    ticker.next();
    if (bucket.available < BURST) bucket.release();
  }
}

function request(number: i32): void {
  bucket.acquire(); // first come, first served
  const milliseconds = (monotonicNow() - begin) / 1_000_000;
  const isEarly = milliseconds < (number - BURST) * PERIOD;
  print(`request ${number}${isEarly ? " came too early" : ""}`);
}

export function main(): void {
  begin = monotonicNow();
  const refiller = run(refill, "refill");
  const requests = new Array<Fiber>();
  for (let i = 1; i <= 8; i++) requests.push(go(request, i, `request ${i}`));
  for (let i = 0; i < requests.length; i++) requests[i].join();
  refiller.cancel();

  const ticks = requests.length - BURST;
  const inTime = monotonicNow() - begin >= <i64>ticks * PERIOD * 1_000_000;
  print(`${requests.length} requests, and no faster than allowed: ${inTime}`);
}
