// An event is a hint, not a promise: between the event and the call somebody else may have taken what was there. Here two queues watch the
// same listener, and both are told of the one connection. A call that never waits makes this harmless: who comes too late gets nothing.
import { EventQueue, Interest, Mode } from "as-fibers/event-queue";

const first = await EventQueue.open();
const second = await EventQueue.open();
const listener = first.listen({ host: "127.0.0.1", port: 0 });
first.register(listener, 1, Interest.READABLE, Mode.LEVEL);
second.register(listener.fd, 2, Interest.READABLE, Mode.LEVEL);
first.connect(listener.localAddress);

for (const [name, queue] of Object.entries({ first, second })) queue.wait() && console.log(`the ${name} queue is told`);
for (const name of ["first", "second"]) {
  const stream = listener.accept();
  console.log(stream ? `the ${name} one accepts it` : `the ${name} one finds nothing, and waits again`);
}
console.log(`events that are left: ${second.wait(0)}`);
second.close();
first.close();
