/** `Select` in the vocabulary's reference model: one wait in the queues of all its cases. */
import type { Channel, Event, Mutex, Semaphore } from "./vocabulary-objects.ts";
import type { Code, Fiber, Place, Scheduler } from "./vocabulary-scheduler.ts";

interface Case {
  isReady: () => boolean;
  /** Does it; says what came of it. */
  run: () => string;
  /** The same, after it was woken. */
  end: () => string;
  place: (() => Place) | null;
  /** Milliseconds after which it is ready by itself. */
  timeout: number;
  /** The code with which its fiber fails when it runs now; empty: it does not. */
  failure: () => string;
}

/** What the guest has told about a random choice. */
export interface Choice {
  /** The index of the case; -1: nothing, since the fiber has failed. */
  index: number;
  /** With which code, if it did. */
  failure: string;
}

const NEVER: Case = {
  isReady: () => false,
  run: () => "",
  end: () => "",
  place: null,
  timeout: Infinity,
  failure: () => "",
};

export class Select {
  readonly #scheduler: Scheduler;
  readonly #cases: Case[];
  readonly #isBiased: boolean;

  constructor(scheduler: Scheduler, cases: Case[], isBiased: boolean) {
    this.#scheduler = scheduler;
    this.#cases = cases;
    this.#isBiased = isBiased;
  }

  static receive(fiber: Fiber, channel: Channel | undefined, index: number): Case {
    if (!channel) return NEVER;
    const tell = (value: string | undefined) => ` ${value ?? "closed"}`;
    return {
      ...NEVER,
      isReady: () => channel.canReceive,
      run: () => tell(channel.tryNext()),
      end: () => tell(channel.endNext(fiber)),
      place: () => fiber.placeIn(channel.receivers, { index }),
    };
  }

  static send(fiber: Fiber, channel: Channel | undefined, value: string, index: number): Case {
    if (!channel) return NEVER;
    return {
      ...NEVER,
      isReady: () => channel.canSend,
      run() {
        channel.trySend(fiber, value);
        return "";
      },
      end() {
        channel.endSend(fiber);
        return "";
      },
      place: () => fiber.placeIn(channel.senders, { index, value }),
      failure: () => (channel.isClosed ? "E_CLOSED" : ""),
    };
  }

  static lock(fiber: Fiber, mutex: Mutex, index: number): Case {
    return {
      ...NEVER,
      // One that the fiber owns is ready, to fail.
      isReady: () => !mutex.owner || mutex.owner === fiber,
      run() {
        mutex.tryLock(fiber);
        return "";
      },
      place: () => fiber.placeIn(mutex.queue, { index }),
      failure: () => (mutex.owner === fiber ? "E_RELOCK" : ""),
    };
  }

  static acquire(fiber: Fiber, semaphore: Semaphore, amount: number, index: number): Case {
    return {
      ...NEVER,
      isReady: () => semaphore.canAcquire(amount),
      run() {
        semaphore.tryAcquire(fiber, amount);
        return "";
      },
      place: () => fiber.placeIn(semaphore.queue, { index, amount }),
    };
  }

  static event(fiber: Fiber, event: Event, index: number): Case {
    return { ...NEVER, isReady: () => event.isSet, place: () => fiber.placeIn(event.queue, { index }) };
  }

  static join(fiber: Fiber, other: Fiber, index: number): Case {
    return { ...NEVER, isReady: () => other.hasEnded, place: () => fiber.placeIn(other.joiners, { index }) };
  }

  static timeout(timeout: number): Case {
    return { ...NEVER, timeout };
  }

  /**
   * @param choose what the guest has told, for when the choice is free
   * @returns what the guest says about it
   */
  *run(fiber: Fiber, isWaiting: boolean, choose: () => Choice): Code<string> {
    const ready = [...this.#cases.keys()].filter((index) => this.#case(index).isReady());
    const [first] = ready;
    if (first !== undefined) {
      const chosen = this.#isBiased ? first : this.#pick(ready, choose());
      return `: ${chosen}${this.#case(chosen).run()}`;
    }
    const timeout = Math.min(Infinity, ...this.#cases.map((each) => each.timeout));
    const earliest = this.#cases.findIndex((each) => each.timeout === timeout);
    if (timeout === 0) return `: ${earliest}`;
    if (!isWaiting) return ": -1";
    const places = this.#cases.flatMap(({ place }) => (place ? [place()] : []));
    yield* this.#scheduler.wait(fiber, "select", places, { timeout });
    const chosen = fiber.hasLeftEarly ? earliest : fiber.chosen;
    return `: ${chosen}${this.#case(chosen).end()}`;
  }

  /** The case that the guest has chosen, if it could; else one that makes the difference seen. */
  #pick(ready: number[], told: Choice): number {
    const failureOf = (index: number) => this.#case(index).failure();
    if (ready.includes(told.index) && !failureOf(told.index)) return told.index;
    const failing = ready.filter(failureOf);
    return failing.find((index) => failureOf(index) === told.failure) ?? failing[0] ?? (ready[0] as number);
  }

  #case(index: number): Case {
    return this.#cases[index] as Case;
  }
}
