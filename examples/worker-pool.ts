// A bounded worker pool: three workers share eight jobs, and the results come back in the order of the jobs.
import { Channel, go, print, sleep, WaitGroup } from "as-fibers/assembly";

class Job {
  result: i32 = 0;

  constructor(public input: i32) {}
}

const WORKERS = 3;
const jobs = new Channel<Job>(); // whoever has a job waits until a worker is free
const working = new WaitGroup();
let busy = 0;
let mostBusy = 0;

function work(_: i32): void {
  while (jobs.next()) {
    const job = jobs.value;
    mostBusy = max(mostBusy, ++busy);
    sleep(job.input); // stands for a request, a query …
    job.result = job.input * job.input;
    busy--;
  }
  working.done();
}

export function main(): void {
  working.add(WORKERS);
  for (let i = 1; i <= WORKERS; i++) go(work, i, `worker ${i}`);

  const all = new Array<Job>();
  for (let i = 8; i > 0; i--) {
    const job = new Job(i);
    all.push(job);
    jobs.send(job);
  }
  jobs.close(); // the workers end when nothing is left
  working.wait();

  for (let i = 0; i < all.length; i++) print(`${all[i].input} squared is ${all[i].result}`);
  print(`at most ${mostBusy} jobs at once`);
}
