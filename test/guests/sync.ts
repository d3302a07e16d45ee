// Plays scripts with one object of each kind that fibers wait for each other by: locks, permits, events, rounds.
import {
  Barrier,
  Condition,
  defer,
  Event,
  fail,
  Fiber,
  go,
  Mutex,
  Once,
  RwLock,
  Select,
  Semaphore,
  sleep,
  State,
  WaitGroup,
  yieldNow,
} from "as-fibers/assembly";
import { timerCount } from "as-fibers/assembly/timers";
import { log, takeLog } from "./support/log";

export { heapBase } from "./support/heap";

/** What the scripts of one program share. */
class Scene {
  mutex: Mutex = new Mutex();
  condition: Condition = new Condition();
  lock: RwLock = new RwLock();
  semaphore: Semaphore;
  group: WaitGroup = new WaitGroup();
  barrier: Barrier = new Barrier(3);
  event: Event = new Event();
  once: Once = new Once();
  scripts: Script[] = [];

  constructor(permits: i32) {
    this.semaphore = new Semaphore(permits);
  }

  /** What is still taken, or waits, when all have ended. */
  get left(): string {
    const left: string[] = [];
    if (this.mutex.isLocked) left.push("mutex locked");
    if (this.mutex.isAbandoned) left.push("mutex abandoned");
    if (!this.lock.tryWriteLock()) left.push("lock locked");
    else this.lock.writeUnlock();
    if (this.lock.isAbandoned) left.push("lock abandoned");
    if (this.semaphore.available) left.push(`permits: ${this.semaphore.available}`);
    if (this.barrier.waiting) left.push("barrier");
    if (load<usize>(changetype<usize>(this.condition))) left.push("condition");
    if (load<usize>(changetype<usize>(this.semaphore))) left.push("acquire");
    if (load<usize>(changetype<usize>(this.group))) left.push("group");
    if (load<usize>(changetype<usize>(this.event))) left.push("event");
    if (timerCount()) left.push("timer");
    return left.join(", ");
  }
}

class Script {
  fiber: Fiber | null = null;
  /** The next step. */
  at: i32 = 0;

  constructor(
    public number: i32,
    public steps: string[],
  ) {}
}

/** A step that is owed. */
class Owed {
  constructor(
    public script: Script,
    public step: string,
  ) {}
}

let scene: Scene = new Scene(0);
let isSilent: bool = false;

/**
 * Plays a program: permits, and the scripts of its fibers. Those that wait forever are told and cancelled. Says what was done, in order, how
 * each fiber has ended, and what is left; in between stand empty lines. The first line is the first fiber's id.
 */
export function play(program: string): string {
  const parts = program.split(" | ");
  scene = new Scene(i32.parse(parts[0]));
  const scripts = scene.scripts;
  for (let i = 1; i < parts.length; i++) scripts.push(new Script(i, parts[i].split(", ")));
  for (let i = 0; i < scripts.length; i++) scripts[i].fiber = go(playScript, scripts[i]);
  const first = scripts[0].fiber!.id;
  if (!isSilent) {
    sleep(1000);
    for (let i = 0; i < scripts.length; i++) endWaiting(scripts[i]);
  }
  for (let i = 0; i < scripts.length; i++) scripts[i].fiber!.tryJoin();
  if (isSilent) return "";
  const done = takeLog();
  for (let i = 0; i < scripts.length; i++) log(describeEnd(scripts[i].fiber!));
  const ends = takeLog();
  return `${first}\n${done}\n\n${ends}\n\n${scene.left}`;
}

/** Plays it so many times, and says nothing. All of it must end by itself. */
export function playAgain(program: string, count: i32): void {
  isSilent = true;
  for (let i = 0; i < count; i++) play(program);
  isSilent = false;
}

function endWaiting(script: Script): void {
  const fiber = script.fiber!;
  if (fiber.state != State.PARKED) return;
  log(`${script.number} waits`);
  fiber.cancel("at the end");
}

function describeEnd(fiber: Fiber): string {
  const error = fiber.error;
  return error ? error.toString() : "done";
}

function playScript(script: Script): void {
  while (script.at < script.steps.length) {
    const step = script.steps[script.at++];
    perform(script, step);
  }
}

/** The script of the running fiber. */
function ownScript(): Script {
  const scripts = scene.scripts;
  let i = 0;
  while (scripts[i].fiber != Fiber.current()) i++;
  return scripts[i];
}

function performOwed(owed: Owed): void {
  perform(owed.script, owed.step);
}

function perform(script: Script, step: string): void {
  const space = step.indexOf(" ");
  const verb = space < 0 ? step : step.slice(0, space);
  const rest = space < 0 ? "" : step.slice(space + 1);
  if (verb == "defer") {
    defer(performOwed, new Owed(script, rest));
    return;
  }
  const result = performVerb(script, verb, rest);
  if (!isSilent) log(`${script.number} ${step}${result}`);
}

function said(value: bool): string {
  return `: ${value}`;
}

/** What a verb that gives nothing says. */
const NOTHING: string = "";

function performVerb(script: Script, verb: string, rest: string): string {
  const mutex = scene.mutex;
  if (verb == "yield") yieldNow();
  else if (verb == "sleep") sleep(f64.parse(rest));
  else if (verb == "cancel") scene.scripts[i32.parse(rest) - 1].fiber!.cancel(`by ${script.number}`);
  else if (verb == "fail") fail("as told");
  else if (verb == "trap") unreachable();
  else if (verb == "lock") mutex.lock();
  else if (verb == "tryLock") return said(mutex.tryLock());
  else if (verb == "unlock") mutex.unlock();
  else if (verb == "with") mutex.with(playScript, script);
  else if (verb == "isLocked") return said(mutex.isLocked);
  else if (verb == "isAbandoned") return said(mutex.isAbandoned);
  else if (verb == "clearAbandoned") mutex.clearAbandoned();
  else if (verb == "wait") return said(scene.condition.wait(mutex, rest.length ? f64.parse(rest) : Infinity));
  else if (verb == "signal") scene.condition.signal();
  else if (verb == "broadcast") scene.condition.broadcast();
  else if (verb == "select" || verb == "poll") return select(verb, rest);
  else return performOther(script, verb, rest.length ? i32.parse(rest) : 1);
  return NOTHING;
}

function performOther(script: Script, verb: string, count: i32): string {
  const s = scene;
  if (verb == "read") s.lock.readLock();
  else if (verb == "tryRead") return said(s.lock.tryReadLock());
  else if (verb == "endRead") s.lock.readUnlock();
  else if (verb == "withRead") s.lock.withRead(playScript, script);
  else if (verb == "write") s.lock.writeLock();
  else if (verb == "tryWrite") return said(s.lock.tryWriteLock());
  else if (verb == "endWrite") s.lock.writeUnlock();
  else if (verb == "withWrite") s.lock.withWrite(playScript, script);
  else if (verb == "isLockAbandoned") return said(s.lock.isAbandoned);
  else if (verb == "clearLockAbandoned") s.lock.clearAbandoned();
  else if (verb == "acquire") s.semaphore.acquire(count);
  else if (verb == "tryAcquire") return said(s.semaphore.tryAcquire(count));
  else if (verb == "release") s.semaphore.release(count);
  else if (verb == "withPermits") s.semaphore.with(playScript, script, count);
  else if (verb == "available") return `: ${s.semaphore.available}`;
  else if (verb == "semaphore") s.semaphore = new Semaphore(count);
  else if (verb == "add") s.group.add(count);
  else if (verb == "done") s.group.done();
  else if (verb == "waitGroup") s.group.wait();
  else if (verb == "tryWaitGroup") return said(s.group.tryWait());
  else if (verb == "count") return `: ${s.group.count}`;
  else if (verb == "meet") return said(s.barrier.wait());
  else if (verb == "waiting") return `: ${s.barrier.waiting}`;
  else if (verb == "barrier") s.barrier = new Barrier(count);
  else if (verb == "event") s.event.wait();
  else if (verb == "tryEvent") return said(s.event.tryWait());
  else if (verb == "set") s.event.set();
  else if (verb == "reset") s.event.reset();
  else if (verb == "isSet") return said(s.event.isSet);
  else if (verb == "once") s.once.do(() => playScript(ownScript()));
  else if (verb == "isDone") return said(s.once.isDone);
  else throw new Error(`there is no verb ${verb}`);
  return NOTHING;
}

/** The first of these cases. Of several that are ready, the one that is named first. */
function select(verb: string, cases: string): string {
  const select = new Select(true);
  const names = cases.split(" ");
  for (let i = 0; i < names.length; i++) {
    const colon = names[i].indexOf(":");
    const name = colon < 0 ? names[i] : names[i].slice(0, colon);
    const count = colon < 0 ? 1 : i32.parse(names[i].slice(colon + 1));
    if (name == "lock") select.lock(scene.mutex);
    else if (name == "read") select.readLock(scene.lock);
    else if (name == "write") select.writeLock(scene.lock);
    else if (name == "acquire") select.acquire(scene.semaphore, count);
    else if (name == "event") select.event(scene.event);
    else if (name == "waitGroup") select.waitGroup(scene.group);
    else if (name == "timeout") select.timeout(count);
    else throw new Error(`there is no case ${name}`);
  }
  const chosen = verb == "poll" ? select.poll() : select.wait();
  return chosen < 0 ? ": none" : `: ${names[chosen]}`;
}

// --- what only fibers that wait refer to ---

let lost: Fiber[] = [];

/** A fiber owns a mutex and a lock, and others wait for them; nothing else refers to them. Nobody waits in vain: see `endLost`. */
export function loseLocks(count: i32): void {
  for (let i = 0; i < count; i++) {
    const locks = new Locks();
    lost.push(go(hold, locks));
    lost.push(go(lockBoth, locks));
    lost.push(go(lockAndRead, locks));
  }
}

class Locks {
  mutex: Mutex = new Mutex();
  lock: RwLock = new RwLock();
  text: string = "locks";
}

function hold(locks: Locks): void {
  takeBoth(locks);
  locks = new Locks();
  sleep(Infinity);
}

/** Its frame is gone when its caller waits: only the fiber's holdings know the locks. */
function takeBoth(locks: Locks): void {
  locks.mutex.lock();
  locks.lock.writeLock();
}

let reached: i32 = 0;

function lockBoth(locks: Locks): void {
  locks.mutex.lock();
  locks.lock.writeLock();
  if (locks.mutex.isAbandoned && locks.lock.isAbandoned && locks.text == "locks") reached++;
}

function lockAndRead(locks: Locks): void {
  locks.mutex.lock();
  locks.lock.withRead((own: Locks): void => yieldNow(), locks);
  if (locks.text == "locks") reached++;
}

/** Cancels those that hold. How many of the others have then had the locks. */
export function endLost(): i32 {
  reached = 0;
  for (let i = 0; i < lost.length; i += 3) lost[i].cancel();
  for (let i = 0; i < lost.length; i++) lost[i].tryJoin();
  lost = [];
  return reached;
}

/** Uses everything in one fiber, so many times, without waiting. */
export function useMany(count: i32): void {
  const s = new Scene(1);
  const select = new Select();
  select.readLock(s.lock);
  for (let i = 0; i < count; i++) {
    s.mutex.lock();
    s.lock.readLock();
    s.lock.readUnlock();
    s.lock.writeLock();
    s.lock.writeUnlock();
    s.mutex.unlock();
    s.semaphore.acquire();
    s.semaphore.release();
    s.group.add();
    s.group.done();
    s.group.wait();
    s.event.set();
    s.event.wait();
    select.wait();
    s.lock.readUnlock();
  }
}

// --- outside of fibers ---

const early = new Scene(2);
early.semaphore.acquire();
early.semaphore.release();
early.group.add();
early.group.done();
early.group.wait();
early.event.set();
early.event.wait();
const atStart = `${early.semaphore.tryAcquire(3)} ${early.semaphore.available} ${new Barrier(1).wait()} ${new Select().poll()}`;

/** What the top-level statements have seen. */
export function afterStart(): string {
  return atStart;
}

/** Which of these is tried there as well. */
@external("app", "choice")
declare function choice(): i32;

switch (choice()) {
  case 1:
    early.mutex.lock();
    break;
  case 2:
    early.mutex.tryLock();
    break;
  case 3:
    early.mutex.unlock();
    break;
  case 4:
    early.condition.wait(early.mutex);
    break;
  case 5:
    early.lock.readLock();
    break;
  case 6:
    early.lock.tryWriteLock();
    break;
  case 7:
    early.lock.readUnlock();
    break;
  case 8:
    early.semaphore.acquire(3);
    break;
  case 9:
    new WaitGroup().wait();
    early.group.add();
    early.group.wait();
    break;
  case 10:
    early.barrier.wait();
    break;
  case 11:
    early.event.reset();
    early.event.wait();
    break;
  case 12:
    early.once.do(() => {});
    break;
  case 13:
    pollLock();
    break;
  case 14:
    new Semaphore(-1);
    break;
  case 15:
    early.semaphore.release(0);
    break;
  case 16:
    new Barrier(0);
    break;
  case 17:
    early.group.done();
    break;
}

function pollLock(): void {
  const select = new Select();
  select.lock(early.mutex);
  select.poll();
}
