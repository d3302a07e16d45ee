/** What the programs of the guest `vocabulary-programs` share, and what is told about it. */
import { Channel, Condition, Event, Fiber, Mutex, Overflow, Select, Semaphore, State } from "as-fibers/assembly";
import { channelRecord } from "as-fibers/assembly/channel-core";
import { Reason, record } from "as-fibers/assembly/record";

/** A fiber of the program. */
export class Running {
  sent: i32 = 0;
  biased: Select = new Select(true);
  random: Select = new Select();
  isRandom: bool = false;
  /** Of its last select. */
  cases: string[] = [];

  constructor(
    public number: i32,
    public script: i32,
  ) {}

  nextValue(): string {
    return `${this.number}.${this.sent++}`;
  }
}

/** What the fibers share. */
export class World {
  channels: Channel<string>[];
  mutexes: Mutex[] = [new Mutex(), new Mutex()];
  condition: Condition = new Condition();
  semaphore: Semaphore;
  event: Event = new Event();
  fibers: Fiber[] = [];

  constructor(
    first: string,
    public scripts: string[],
  ) {
    const words = first.split(" ");
    this.channels = [makeChannel(words[0]), makeChannel(words[1])];
    this.semaphore = new Semaphore(toNumber(words[2]));
  }
}

export function toNumber(text: string): i32 {
  return <i32>parseInt(text);
}

function makeChannel(text: string): Channel<string> {
  let overflow = Overflow.BLOCK;
  if (text.charAt(1) == "o") overflow = Overflow.DROP_OLDEST;
  else if (text.charAt(1) == "n") overflow = Overflow.DROP_NEWEST;
  else if (text.charAt(1) == "l") overflow = Overflow.KEEP_LATEST;
  return new Channel<string>(toNumber(text), overflow);
}

/** The state of everything. */
export function look(all: World): string {
  let text = "";
  for (let i = 0; i < 2; i++) {
    const channel = all.channels[i];
    const state = channel.isClosed ? "closed" : "open";
    text += `${channel.length} of ${channel.capacity} ${state}, ${channel.dropped} dropped; `;
  }
  for (let i = 0; i < 2; i++) {
    const mutex = all.mutexes[i];
    text += `${mutex.isLocked ? "locked" : "free"}${mutex.isAbandoned ? ", abandoned" : ""}; `;
  }
  return text + `${all.semaphore.available} permits, ${all.event.isSet ? "set" : "not set"}`;
}

/** How many queues of waiters are not empty. */
export function queueCount(all: World): i32 {
  let count = 0;
  for (let i = 0; i < 2; i++) {
    const channel = channelRecord(changetype<usize>(all.channels[i]));
    count += <i32>(channel.senders != 0) + <i32>(channel.receivers != 0);
    count += <i32>(load<usize>(changetype<usize>(all.mutexes[i]), offsetof<Mutex>("waiters")) != 0);
  }
  count += <i32>(load<usize>(changetype<usize>(all.condition), offsetof<Condition>("waiters")) != 0);
  count += <i32>(load<usize>(changetype<usize>(all.semaphore), offsetof<Semaphore>("waiters")) != 0);
  return count + <i32>(load<usize>(changetype<usize>(all.event), offsetof<Event>("waiters")) != 0);
}

/** What the fiber waits for. */
export function reasonOf(fiber: Fiber): string {
  if (fiber.state != State.PARKED) return "ready";
  const reason = <Reason>record(changetype<usize>(fiber)).reason;
  if (reason == Reason.SEND) return "send";
  if (reason == Reason.RECEIVE) return "receive";
  if (reason == Reason.SELECT) return "select";
  if (reason == Reason.LOCK) return "lock";
  if (reason == Reason.ACQUIRE) return "acquire";
  if (reason == Reason.CONDITION) return "condition";
  if (reason == Reason.EVENT) return "event";
  if (reason == Reason.JOIN) return "join";
  return reason == Reason.SLEEP ? "sleep" : "something else";
}

/** How it has ended. */
export function describe(fiber: Fiber): string {
  if (fiber.state < State.DONE) return "still there";
  const error = fiber.error;
  if (!error) return "done ";
  return fiber.state == State.CANCELLED ? `cancelled ${error.toString()}` : `failed ${error.code}`;
}
