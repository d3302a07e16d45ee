/** The functions of preview 1 on descriptors that we serve ourselves: `fd_*` on standard streams and sockets. */
import type { Stream } from "./descriptors.ts";
import { ERRNO_AGAIN, ERRNO_BADF, ERRNO_INVAL, ERRNO_NOTDIR, ERRNO_NOTSUP, ERRNO_SPIPE, WasiError } from "./errno.ts";
import { FDFLAGS_NONBLOCK, type ProgramMemory } from "./layout.ts";
import { newInterest, type Waiter } from "./waiter.ts";

/** PIPE_BUF: where poll(2) finds room in a pipe, there is room for so many bytes. */
const SURE_ROOM = 4096;

export interface StreamContext {
  memory: ProgramMemory;
  waiter: Waiter;
}

/** A function of preview 1: the descriptor's number has become the descriptor. Throws, or leaves ERRNO_SUCCESS. */
export type StreamCall<Kind extends Stream = Stream> = (
  context: StreamContext,
  stream: Kind,
  ...args: number[]
) => void;

/**
 * Does something that throws ERRNO_AGAIN when it would have to wait; waits, unless the program has asked not to, and tries again. A stream
 * of which reading may block by itself is looked at first, when the program has asked not to wait.
 */
export function attempt<Result>(
  { waiter }: StreamContext,
  stream: Stream,
  isWrite: boolean,
  call: () => Result,
): Result {
  const isNonblocking = (stream.flags & FDFLAGS_NONBLOCK) !== 0;
  if (isNonblocking && stream.kind === "stdio") {
    const interest = newInterest(stream, isWrite);
    waiter.wait([interest], 0);
    if (!interest.isReady) throw new WasiError(ERRNO_AGAIN);
  }
  for (;;) {
    try {
      return call();
    } catch (error) {
      if (isNonblocking || !isAgain(error)) throw error;
    }
    waiter.wait([newInterest(stream, isWrite)], Infinity);
  }
}

function isAgain(error: unknown): boolean {
  return error instanceof WasiError
    ? error.errno === ERRNO_AGAIN
    : (error as NodeJS.ErrnoException | null)?.code === "EAGAIN";
}

/**
 * Into the buffers in turn, until one is not filled.
 *
 * @returns bytes in all
 */
export function readInto(
  context: StreamContext,
  stream: Stream,
  buffers: Uint8Array[],
  read: (into: Uint8Array) => number,
): number {
  const wanted = buffers.filter((buffer) => buffer.length > 0);
  const [first, ...others] = wanted;
  if (!first) return 0;
  let length = attempt(context, stream, false, () => read(first));
  let isFull = length === first.length;
  for (const buffer of others) {
    if (!isFull) break;
    const more = tryRead(context, stream, () => read(buffer));
    length += more;
    isFull = more === buffer.length;
  }
  return length;
}

/** Without waiting; 0 when there is nothing more. */
function tryRead({ waiter }: StreamContext, stream: Stream, read: () => number): number {
  const interest = newInterest(stream, false);
  waiter.wait([interest], 0);
  if (!interest.isReady || interest.errno) return 0;
  try {
    return read();
  } catch (error) {
    if (isAgain(error)) return 0;
    throw error;
  }
}

/** @returns bytes in all: everything, unless the program has asked not to wait */
export function writeFrom(context: StreamContext, stream: Stream, buffers: Uint8Array[]): number {
  // The process's descriptor may well wait, for all that the program has asked.
  const most = stream.kind === "stdio" && stream.flags & FDFLAGS_NONBLOCK ? SURE_ROOM : Infinity;
  let length = 0;
  for (const buffer of buffers) {
    for (let from = 0; from < buffer.length;) {
      try {
        const part = attempt(context, stream, true, () => stream.write(buffer.subarray(from, from + most)));
        from += part;
        length += part;
      } catch (error) {
        if (length > 0) return length; // the next write is told
        throw error;
      }
    }
  }
  return length;
}

const refuseAs =
  (errno: number): StreamCall =>
  () => {
    throw new WasiError(errno);
  };

const notADirectory = refuseAs(ERRNO_NOTDIR);
const notSeekable = refuseAs(ERRNO_SPIPE);
const nothing: StreamCall = () => {};

/** What is not here is ERRNO_NOTSUP. */
export const streamCalls: Record<string, StreamCall> = {
  fd_read(context, stream, pointer = 0, count = 0, lengthPointer = 0) {
    const { memory } = context;
    memory.check(lengthPointer, 4);
    const length = readInto(context, stream, memory.buffers(pointer, count), (into) => stream.read(into));
    memory.writeU32(lengthPointer, length);
  },

  fd_write(context, stream, pointer = 0, count = 0, lengthPointer = 0) {
    const { memory } = context;
    memory.check(lengthPointer, 4);
    memory.writeU32(lengthPointer, writeFrom(context, stream, memory.buffers(pointer, count)));
  },

  fd_fdstat_get({ memory }, stream, pointer = 0) {
    memory.writeFdStat(pointer, stream.fdStat());
  },

  fd_fdstat_set_flags(_context, stream, flags = 0) {
    if (flags & ~FDFLAGS_NONBLOCK) throw new WasiError(flags > 31 ? ERRNO_INVAL : ERRNO_NOTSUP);
    stream.flags = flags;
  },

  fd_filestat_get({ memory }, stream, pointer = 0) {
    memory.writeFileStat(pointer, stream.fileStat());
  },

  fd_datasync: nothing,
  fd_sync: nothing,
  fd_advise: notSeekable,
  fd_allocate: notSeekable,
  fd_pread: notSeekable,
  fd_pwrite: notSeekable,
  fd_seek: notSeekable,
  fd_tell: notSeekable,
  fd_readdir: notADirectory,
  fd_prestat_get: refuseAs(ERRNO_BADF),
  fd_prestat_dir_name: refuseAs(ERRNO_BADF),
};

/** What a function that we do not serve on a stream answers. */
export function callOf(name: string): StreamCall {
  return streamCalls[name] ?? (name.startsWith("path_") ? notADirectory : refuseAs(ERRNO_NOTSUP));
}
