/** The worlds that the contract of the selector is asked in: this system's back ends with real pipes, and a simulated kqueue. */
import { Worker } from "node:worker_threads";
import { test } from "vitest";
import { bindAlarmCalls } from "../../host/event-queue/alarm.ts";
import type { BackEndName } from "../../host/event-queue/back-end.ts";
import type { CLibrary } from "../../host/event-queue/c-library.ts";
import { bindDescriptorCalls, type DescriptorCalls, wouldBlock } from "../../host/event-queue/descriptor-calls.ts";
import { bindEpollCalls } from "../../host/event-queue/epoll-calls.ts";
import { Epoll } from "../../host/event-queue/epoll.ts";
import { availableBackEnds, watchDuplicate } from "../../host/event-queue/open-selector.ts";
import { bindPollCalls } from "../../host/event-queue/poll-calls.ts";
import { Poll } from "../../host/event-queue/poll.ts";
import { Selector } from "../../host/event-queue/selector.ts";
import { bindSocketCalls } from "../../host/event-queue/socket-calls.ts";
import { Interest } from "../../host/event-queue/interest.ts";
import { Kqueue } from "../../host/event-queue/kqueue.ts";
import { Notifier, type NotifierHandle } from "../../host/event-queue/notifier.ts";
import { library } from "../setup/real-drivers.ts";
import { SimulatedKernel } from "./simulated-kqueue.ts";

/** What happens while the selector sleeps. */
export type Action =
  | { type: "notify"; handle: NotifierHandle; times?: number }
  | { type: "write"; fd: number }
  | { type: "close"; fd: number };

export interface SceneOptions {
  /** Called before each wait of the back end: what it returns is the wait's result, and the kernel is not asked. */
  onWait?: (timeoutNs: number) => number | undefined;
  now?: () => number;
  /** Deadlines of waitAsync are left to Node's timers. */
  isWithoutAlarm?: boolean;
}

/** A selector, and pipes that it can watch. */
export interface Scene {
  selector: Selector;
  calls: DescriptorCalls;
  /** The reading and the writing end. */
  pipe(): [number, number];
  /** Two sockets that are connected. */
  pair(): [number, number];
  write(fd: number, count?: number): void;
  /** Reads until it would have to wait, and says so; or to the end. @returns the number of bytes */
  drain(fd: number): number;
  /** Writes until it would have to wait, and says so. */
  fill(fd: number): number;
  close(fd: number): void;
  duplicate(fd: number): number;
  /** These happen as soon as the selector sleeps. */
  during(...actions: Action[]): Promise<void>;
  /** These happen at once, in another thread where there is one; resolves afterwards. */
  elsewhere(...actions: Action[]): Promise<void>;
  end(): void;
}

export type Need = "koffi" | "event loop" | "threads";

export interface World {
  name: BackEndName | "simulated kqueue";
  lacks: ReadonlySet<Need>;
  /** Whether the kernel sees edges by itself. */
  hasEdges: boolean;
  open(options?: SceneOptions): Promise<Scene>;
}

/** A test that not every world can run. */
export function needing(world: World, ...needs: Need[]) {
  return test.skipIf(world.lacks.has("koffi") || needs.some((need) => world.lacks.has(need)));
}

/** A back end of this system; skipped by its name where it is missing. */
function realWorld(name: "epoll" | "poll"): World {
  const isHere = library !== null && availableBackEnds().includes(name);
  return {
    name,
    lacks: new Set<Need>(isHere ? (process.platform === "linux" ? [] : ["threads"]) : ["koffi"]),
    hasEdges: name === "epoll",
    open: (options) => Promise.resolve(new RealScene(name, library as CLibrary, options)),
  };
}

const simulatedWorld: World = {
  name: "simulated kqueue",
  lacks: new Set(["event loop", "threads"]),
  hasEdges: true,
  open: (options) => Promise.resolve(new SimulatedScene(options)),
};

export const worlds: readonly World[] = [realWorld("epoll"), realWorld("poll"), simulatedWorld];

const CHUNK = new Uint8Array(4096);

export abstract class PipeScene {
  abstract readonly selector: Selector;
  abstract readonly calls: DescriptorCalls;
  protected readonly open = new Set<number>();

  pipe(): [number, number] {
    const ends = new Int32Array(2);
    if (this.calls.pipe(ends) < 0) throw new Error("no pipe");
    const [reading = -1, writing = -1] = ends;
    this.open.add(reading).add(writing);
    return [reading, writing];
  }

  write(fd: number, count = 1): void {
    const result = this.calls.write(fd, new Uint8Array(count));
    if (result !== count) throw new Error(`write to ${fd}: ${result}`);
  }

  drain(fd: number): number {
    return this.#exhaust(fd, Interest.READABLE, (bytes) => this.calls.read(fd, bytes));
  }

  fill(fd: number): number {
    return this.#exhaust(fd, Interest.WRITABLE, (bytes) => this.calls.write(fd, bytes));
  }

  #exhaust(fd: number, direction: number, call: (bytes: Uint8Array) => number): number {
    let length = 0;
    for (;;) {
      const result = call(CHUNK);
      if (wouldBlock(result)) this.selector.exhausted(fd, direction);
      if (result <= 0) return length;
      length += result;
    }
  }

  close(fd: number): void {
    this.open.delete(fd);
    this.calls.close(fd);
  }

  duplicate(fd: number): number {
    const copy = this.calls.duplicate(fd);
    this.open.add(copy);
    return copy;
  }

  end(): void {
    this.selector.close();
    for (const fd of this.open) this.calls.close(fd);
    this.open.clear();
  }
}

/** Word 0: the number of the errand for which the main thread goes to sleep. Word 1: twice that of the thread; 1 more when it has acted. */
const words = new Int32Array(new SharedArrayBuffer(8));
let thread: Worker | undefined;
let errands = 0;

class RealScene extends PipeScene implements Scene {
  readonly selector: Selector;
  readonly calls: DescriptorCalls;

  constructor(name: "epoll" | "poll", clib: CLibrary, { onWait, now, isWithoutAlarm = false }: SceneOptions = {}) {
    super();
    this.calls = bindDescriptorCalls(clib);
    this.selector = new Selector({
      descriptors: this.calls,
      makeBackEnd: (registrations) => {
        if (name === "epoll") {
          const { wait, ...calls } = bindEpollCalls(clib);
          return new Epoll(
            { ...calls, wait: (epoll, events, room, ns) => onWait?.(ns) ?? wait(epoll, events, room, ns) },
            this.calls,
            registrations,
          );
        }
        const { poll } = bindPollCalls(clib);
        return new Poll({ poll: (units, count, ns) => onWait?.(ns) ?? poll(units, count, ns) }, this.calls);
      },
      watch: name === "epoll" ? (...what) => clib.watch(...what) : watchDuplicate(clib, this.calls),
      alarms: isWithoutAlarm ? null : bindAlarmCalls(clib),
      now: now ?? (() => performance.now() * 1e6),
    });
  }

  pair(): [number, number] {
    const ends = new Int32Array(2);
    bindSocketCalls(library as CLibrary).pair(ends);
    const [one = -1, other = -1] = ends;
    this.open.add(one).add(other);
    return [one, other];
  }

  async during(...actions: Action[]): Promise<void> {
    const errand = send(actions, false);
    reached(errand * 2);
    Atomics.store(words, 0, errand); // the next that this thread does is to wait
  }

  async elsewhere(...actions: Action[]): Promise<void> {
    reached(send(actions, true) * 2 + 1);
  }
}

function send(actions: Action[], isAtOnce: boolean): number {
  if (!thread) {
    thread = new Worker(new URL("./thread.mjs", import.meta.url), { workerData: { words, pid: process.pid } });
    thread.unref();
  }
  thread.postMessage({ errand: ++errands, actions, isAtOnce });
  return errands;
}

/** Blocks until word 1 has at least this value. */
function reached(value: number): void {
  for (;;) {
    const current = Atomics.load(words, 1);
    if (current >= value) return;
    Atomics.wait(words, 1, current, 1000);
  }
}

class SimulatedScene extends PipeScene implements Scene {
  readonly kernel = new SimulatedKernel();
  readonly calls = this.kernel.descriptors;
  readonly selector: Selector;

  constructor({ onWait, now }: SceneOptions = {}) {
    super();
    const { kevent, ...calls } = this.kernel.calls;
    this.selector = new Selector({
      descriptors: this.calls,
      makeBackEnd: (registrations) =>
        new Kqueue(
          {
            ...calls,
            kevent: (queue, changes, count, events, room, ns) =>
              (count ? undefined : onWait?.(ns)) ?? kevent(queue, changes, count, events, room, ns),
          },
          this.calls,
          registrations,
        ),
      watch: null,
      now: now ?? (() => this.kernel.clock),
    });
  }

  pair(): [number, number] {
    const [one, other] = this.kernel.pair();
    this.open.add(one).add(other);
    return [one, other];
  }

  async during(...actions: Action[]): Promise<void> {
    this.kernel.during(() => this.#act(actions));
  }

  async elsewhere(...actions: Action[]): Promise<void> {
    this.#act(actions);
  }

  #act(actions: Action[]): void {
    for (const action of actions) {
      if (action.type === "close") this.calls.close(action.fd);
      else if (action.type === "write") this.write(action.fd);
      else for (let i = 0; i < (action.times ?? 1); i++) new Notifier(action.handle, this.calls).notify();
    }
  }
}
