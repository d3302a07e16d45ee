// The same bytes, told on a level and on an edge. A level says "there is something", as long as there is; an edge says "something has come".
import { EventQueue, Interest, Mode, WOULD_BLOCK } from "as-fibers/event-queue";

const queue = await EventQueue.open();
const [level, edge] = [queue.pipe(), queue.pipe()];
queue.register(level.reader, 0, Interest.READABLE, Mode.LEVEL);
queue.register(edge.reader, 1, Interest.READABLE, Mode.EDGE);
const names = ["level", "edge"];

function write(text) {
  const bytes = new TextEncoder().encode(text);
  level.writer.write(bytes);
  edge.writer.write(bytes);
}

/** What a wait tells that does not sleep. */
function look(what) {
  queue.wait(0);
  const told = [];
  for (const event of queue.events) told.push(names[event.token]);
  console.log(`${what}: ${told.sort().reverse().join(" and ") || "nothing"}`);
}

function read({ reader }, length) {
  return reader.read(new Uint8Array(length));
}

look("before anything is written");
write("four");
look("4 bytes have come");
look("nobody has read");
for (const pipe of [level, edge]) read(pipe, 1);
look("1 of 4 is read");
// Whoever uses an edge reads until there is nothing left: only then the next arrival is sure to be told.
for (const pipe of [level, edge]) while (read(pipe, 2) !== WOULD_BLOCK);
look("all is read");
write("more");
look("4 more have come");
queue.close();
