// Fibers that wait for each other as a script says. What the steps mean is written in test/setup/standstill.ts.
import {
  Channel,
  Event,
  Fiber,
  go,
  Mutex,
  Once,
  RwLock,
  Scope,
  Semaphore,
  sleep,
  WaitGroup,
  yieldNow,
} from "as-fibers/assembly";

/** One fiber, and what it holds until it has ended. */
class Actor {
  mutex: Mutex = new Mutex();
  written: RwLock = new RwLock();
  read: RwLock = new RwLock();
  once: Once = new Once();
  fiber: Fiber | null = null;

  constructor(
    public verb: string,
    public target: i32,
  ) {}
}

let actors: Actor[] = [];
let outside: Event = new Event();
let ended: i32 = 0;

/** Starts a fiber for each step, and returns when all of them wait, or have ended. */
export function plant(steps: string): void {
  actors = steps.split(" ").map<Actor>((step: string): Actor => {
    const parts = step.split(":");
    return new Actor(parts[0], parts.length > 1 ? <i32>parseInt(parts[1]) : -1);
  });
  outside = new Event();
  ended = 0;
  for (let i = 0; i < actors.length; i++) actors[i].fiber = go(act, actors[i], `f${i}`);
  // In the first round each takes what it holds, in the next ones it waits.
  for (let i = 0; i < 5; i++) yieldNow();
}

/** What some wait for that only JavaScript can bring about. */
export function release(): void {
  outside.set();
}

/** Cancels them all, and returns when they have ended. */
export function clear(): void {
  for (let i = 0; i < actors.length; i++) actors[i].fiber!.cancel();
  for (let i = 0; i < actors.length; i++) actors[i].fiber!.tryJoin();
}

/** How many have ended. */
export function count(): i32 {
  return ended;
}

function act(actor: Actor): void {
  actor.mutex.lock();
  actor.written.writeLock();
  actor.read.readLock();
  actor.once.do(wait);
  actor.read.readUnlock();
  actor.written.writeUnlock();
  actor.mutex.unlock();
  ended++;
}

/** In the once of the actor whose fiber this is. */
function wait(): void {
  const actor = actors[<i32>parseInt(Fiber.current().name.slice(1))];
  yieldNow();
  const verb = actor.verb;
  if (verb == "scope") {
    const scope = new Scope();
    scope.go(lock, actors[actor.target], "of " + Fiber.current().name);
    scope.wait();
  } else if (actor.target >= 0) waitFor(verb, actors[actor.target]);
  else waitForNobody(verb);
}

function lock(actor: Actor): void {
  actor.mutex.lock();
  actor.mutex.unlock();
}

function waitFor(verb: string, other: Actor): void {
  if (verb == "lock") {
    other.mutex.lock(); // lock
    other.mutex.unlock();
  } else if (verb == "readLock") {
    other.written.readLock();
    other.written.readUnlock();
  } else if (verb == "writeLock") {
    other.read.writeLock();
    other.read.writeUnlock();
  } else if (verb == "once") other.once.do(wait);
  else other.fiber!.join();
}

function waitForNobody(verb: string): void {
  if (verb == "sleep") sleep(5);
  else if (verb == "outside") outside.wait();
  else if (verb == "receive") new Channel<i32>().receive();
  else if (verb == "send") new Channel<i32>().send(1);
  else if (verb == "acquire") new Semaphore(0).acquire();
  else if (verb == "group") {
    const group = new WaitGroup();
    group.add();
    group.wait();
  }
}
