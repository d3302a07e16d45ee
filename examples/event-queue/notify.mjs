// A thread that computes wakes one that sleeps in its event queue. Notifications are counted as one until somebody has seen them; what they
// are about is told otherwise, here in shared memory.
import { attachNotifier, EventQueue } from "as-fibers/event-queue";
import { isMainThread, Worker, workerData } from "node:worker_threads";

const RESULTS = 3;

if (isMainThread) {
  const queue = await EventQueue.open();
  const results = new Int32Array(new SharedArrayBuffer(4 * (RESULTS + 1)));
  new Worker(new URL(import.meta.url), { workerData: { results, notifier: queue.notifier() } });
  for (let seen = 0; seen < RESULTS;) {
    queue.wait(); // sleeps: no processor time is used
    for (const ready = Atomics.load(results, RESULTS); seen < ready; seen++)
      console.log(`result ${seen}: ${results[seen]}`);
  }
  queue.close();
} else {
  const { results, notifier: handle } = workerData;
  const notifier = await attachNotifier(handle);
  for (let i = 0; i < RESULTS; i++) {
    results[i] = fibonacci(20 + i);
    Atomics.store(results, RESULTS, i + 1); // first what there is to see,
    notifier.notify(); // then that there is something
  }
}

function fibonacci(n) {
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}
