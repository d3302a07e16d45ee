/**
 * A kernel with descriptors, pipes, pairs of sockets and kqueue, simulated as kqueue(2) of FreeBSD describes it, where macOS says nothing else. Where the page
 * leaves room, it is strict: adding an event again does not change its EV_CLEAR and EV_DISPATCH, and does not trigger it once more.
 *
 * What a call would sleep for happens at once: `during` is done, or the clock is put forward to the timeout.
 */
import { constants } from "node:os";
import type { DescriptorCalls } from "../../host/event-queue/descriptor-calls.ts";
import type { KqueueCalls } from "../../host/event-queue/kqueue-calls.ts";

const { EAGAIN, EBADF, EINVAL, ENOENT, EPIPE } = constants.errno;

// The numbers of sys/event.h, written down again: the back end's own are what is tested.
const READ = -1;
const WRITE = -2;
const ADD = 0x1;
const DELETE = 0x2;
const ENABLE = 0x4;
const DISABLE = 0x8;
const ONESHOT = 0x10;
const CLEAR = 0x20;
const RECEIPT = 0x40;
const DISPATCH = 0x80;
const ERROR = 0x4000;
const EOF = 0x8000;

const PIPE_BYTES = 65_536;
/** A pipe is writable when that much fits. */
const PIPE_BUF = 512;
const KEVENT_WORDS = 8;

interface Pipe {
  bytes: number;
  readers: number;
  writers: number;
}

/** What `dup` shares: an end of a pipe, or of two in opposite directions. */
interface OpenFile {
  incoming: Pipe | null;
  outgoing: Pipe | null;
  references: number;
}

interface Knote {
  fd: number;
  filter: number;
  flags: number;
  isDisabled: boolean;
  /** "in the queue": told by the next kevent, if its condition holds. */
  isActive: boolean;
  udata: [number, number];
}

interface Change {
  fd: number;
  filter: number;
  flags: number;
  udata: [number, number];
}

interface Queue {
  knotes: Map<string, Knote>;
}

export class SimulatedKernel {
  /** In nanoseconds. */
  clock = 0;
  /** How often `kevent` was called. */
  kevents = 0;
  readonly #files = new Map<number, OpenFile | Queue>();
  readonly #actions: (() => void)[] = [];

  /** Happens when a kevent sleeps. */
  during(action: () => void): void {
    this.#actions.push(action);
  }

  get openDescriptors(): number {
    return this.#files.size;
  }

  readonly descriptors: DescriptorCalls = {
    read: (fd, into) => this.#read(fd, into.length),
    write: (fd, from) => this.#write(fd, from.length),
    close: (fd) => this.#close(fd),
    duplicate: (fd) => {
      const file = this.#files.get(fd);
      if (!file || "knotes" in file) return -EBADF;
      file.references++;
      return this.#allocate(file);
    },
    pipe: (ends) => {
      const pipe = makePipe();
      ends[0] = this.#allocate({ incoming: pipe, outgoing: null, references: 1 });
      ends[1] = this.#allocate({ incoming: null, outgoing: pipe, references: 1 });
      return 0;
    },
    identify: (fd) => (this.#files.has(fd) ? 0 : -EBADF),
  };

  /** Two sockets that are connected. */
  pair(): [number, number] {
    const [there, back] = [makePipe(), makePipe()];
    const one = this.#allocate({ incoming: back, outgoing: there, references: 1 });
    return [one, this.#allocate({ incoming: there, outgoing: back, references: 1 })];
  }

  readonly calls: KqueueCalls = {
    layout: { words: KEVENT_WORDS },
    kqueue: () => this.#allocate({ knotes: new Map() }),
    kevent: (kq, changes, changeCount, events, capacity, timeoutNs) => {
      const queue = this.#files.get(kq);
      if (!queue || !("knotes" in queue)) return -EBADF;
      this.kevents++;
      const outcomes = this.#applyAll(queue, changes, changeCount, events, capacity);
      if (outcomes !== 0) return outcomes;
      return this.#sleep(queue, events, capacity, timeoutNs);
    },
  };

  /** "All changes contained in the changelist are applied before any pending events are read from the queue." */
  #applyAll(queue: Queue, changes: Uint32Array, count: number, events: Uint32Array, capacity: number): number {
    let written = 0;
    for (let i = 0; i < count; i++) {
      const change = decode(changes, i);
      const errno = this.#apply(queue, change);
      if (errno === 0 && !(change.flags & RECEIPT)) continue;
      if (written === capacity) return -errno || written;
      encode(events, written++, change, { flags: ERROR, data: errno });
    }
    return written;
  }

  #apply(queue: Queue, { fd, filter, flags, udata }: Change): number {
    const file = this.#files.get(fd);
    if (filter !== READ && filter !== WRITE) return EINVAL;
    if (!file || "knotes" in file) return EBADF;
    const key = `${fd} ${filter}`;
    const existing = queue.knotes.get(key);
    if (flags & DELETE) return queue.knotes.delete(key) ? 0 : ENOENT;
    if (!existing && !(flags & ADD)) return ENOENT;
    const pipe = filter === READ ? file.incoming : file.outgoing;
    if (!pipe) return EINVAL;
    // macOS: there is nobody to write to.
    if (!existing && filter === WRITE && pipe.readers === 0) return EPIPE;
    const knote = existing ?? { fd, filter, flags: 0, isDisabled: false, isActive: false, udata };
    knote.udata = udata;
    if (!existing) {
      knote.flags = flags & (ONESHOT | CLEAR | DISPATCH);
      knote.isActive = this.#holds(knote);
      queue.knotes.set(key, knote);
    }
    if (flags & DISABLE) knote.isDisabled = true;
    else if (flags & ENABLE) knote.isDisabled = false;
    return 0;
  }

  #sleep(queue: Queue, events: Uint32Array, capacity: number, timeoutNs: number): number {
    const deadline = this.clock + timeoutNs;
    for (;;) {
      const count = this.#collect(queue, events, capacity);
      if (count > 0 || timeoutNs === 0 || this.clock >= deadline) return count;
      const action = this.#actions.shift();
      if (action) action();
      else if (deadline === Infinity) throw new Error("kevent would sleep for ever");
      else this.clock = deadline;
    }
  }

  #collect(queue: Queue, events: Uint32Array, capacity: number): number {
    let count = 0;
    // What is told goes to the end, and is not met again.
    for (const [key, knote] of Array.from(queue.knotes)) {
      if (count === capacity) break;
      if (!knote.isActive || knote.isDisabled) continue;
      // "The filter is also run when the user attempts to retrieve the kevent": one whose condition is over is dropped.
      knote.isActive = this.#holds(knote);
      if (!knote.isActive) continue;
      const pipe = this.#pipeOf(knote);
      const isReading = knote.filter === READ;
      const isEnded = isReading ? pipe.writers === 0 : pipe.readers === 0;
      encode(events, count++, knote, {
        flags: isEnded ? EOF : 0,
        data: isReading ? pipe.bytes : PIPE_BYTES - pipe.bytes,
      });
      queue.knotes.delete(key);
      if (knote.flags & ONESHOT) continue;
      // To the end of the queue: what is told goes behind the others.
      queue.knotes.set(key, knote);
      if (knote.flags & DISPATCH) knote.isDisabled = true;
      if (knote.flags & CLEAR) knote.isActive = false;
    }
    return count;
  }

  #pipeOf({ fd, filter }: Knote): Pipe {
    const { incoming, outgoing } = this.#files.get(fd) as OpenFile;
    return (filter === READ ? incoming : outgoing) as Pipe;
  }

  #holds(knote: Knote): boolean {
    const pipe = this.#pipeOf(knote);
    if (knote.filter === READ) return pipe.bytes > 0 || pipe.writers === 0;
    return PIPE_BYTES - pipe.bytes >= PIPE_BUF || pipe.readers === 0;
  }

  #read(fd: number, length: number): number {
    const file = this.#files.get(fd);
    if (!file || "knotes" in file || !file.incoming) return -EBADF;
    const pipe = file.incoming;
    if (pipe.bytes === 0) return pipe.writers === 0 ? 0 : -EAGAIN;
    const taken = Math.min(length, pipe.bytes);
    pipe.bytes -= taken;
    this.#trigger(pipe, WRITE);
    return taken;
  }

  #write(fd: number, length: number): number {
    const file = this.#files.get(fd);
    if (!file || "knotes" in file || !file.outgoing) return -EBADF;
    const pipe = file.outgoing;
    if (pipe.readers === 0) return -EPIPE;
    const put = Math.min(length, PIPE_BYTES - pipe.bytes);
    if (put === 0) return -EAGAIN;
    pipe.bytes += put;
    this.#trigger(pipe, READ);
    return put;
  }

  /** Something has come to one end of the pipe. */
  #trigger(pipe: Pipe, filter: number): void {
    for (const queue of this.#files.values()) {
      if (!("knotes" in queue)) continue;
      for (const knote of queue.knotes.values()) {
        if (knote.filter === filter && this.#pipeOf(knote) === pipe && this.#holds(knote)) knote.isActive = true;
      }
    }
  }

  /** "Calling close() on a file descriptor will remove any kevents that reference the descriptor." */
  #close(fd: number): number {
    const file = this.#files.get(fd);
    if (!file) return -EBADF;
    for (const queue of this.#files.values()) {
      if (!("knotes" in queue)) continue;
      for (const [key, knote] of queue.knotes) if (knote.fd === fd) queue.knotes.delete(key);
    }
    this.#files.delete(fd);
    if ("knotes" in file || --file.references > 0) return 0;
    if (file.incoming) {
      file.incoming.readers--;
      this.#trigger(file.incoming, WRITE);
    }
    if (file.outgoing) {
      file.outgoing.writers--;
      this.#trigger(file.outgoing, READ);
    }
    return 0;
  }

  /** The lowest number that is free, as POSIX wants it. */
  #allocate(file: OpenFile | Queue): number {
    let fd = 3;
    while (this.#files.has(fd)) fd++;
    this.#files.set(fd, file);
    return fd;
  }
}

function makePipe(): Pipe {
  return { bytes: 0, readers: 1, writers: 1 };
}

/** As macOS lays it out: ident u64, filter i16, flags u16, fflags u32, data i64, udata u64. */
function decode(from: Uint32Array, index: number): Change {
  const at = index * KEVENT_WORDS;
  const filterAndFlags = from[at + 2] as number;
  return {
    fd: from[at] as number,
    filter: ((filterAndFlags & 0xffff) << 16) >> 16,
    flags: filterAndFlags >>> 16,
    udata: [from[at + 6] as number, from[at + 7] as number],
  };
}

function encode(
  into: Uint32Array,
  index: number,
  { fd, filter, udata }: Pick<Knote, "fd" | "filter" | "udata">,
  { flags, data }: { flags: number; data: number },
): void {
  into.set([fd, 0, ((flags << 16) | (filter & 0xffff)) >>> 0, 0, data, 0, ...udata], index * KEVENT_WORDS);
}
