/** `sock_accept`, `sock_recv`, `sock_send` and `sock_shutdown`, and the preopened listeners. */
import type { Connection, Descriptor, Descriptors, Listener, Stream } from "./descriptors.ts";
import { ERRNO_INVAL, ERRNO_NOTCONN, ERRNO_NOTSOCK, ERRNO_NOTSUP, WasiError } from "./errno.ts";
import { FDFLAGS_NONBLOCK, RIFLAGS_RECV_PEEK, RIFLAGS_RECV_WAITALL, SDFLAGS_RD, SDFLAGS_WR } from "./layout.ts";
import { attempt, readInto, type StreamContext, writeFrom } from "./stream-calls.ts";

export interface SocketContext extends StreamContext {
  descriptors: Descriptors;
}

/** As in preview 1; the descriptor is looked up by the caller. Throws, or leaves ERRNO_SUCCESS. */
type SocketCall = (context: SocketContext, descriptor: Descriptor, ...args: number[]) => void;

export const socketCalls: Record<string, SocketCall> = {
  sock_accept(context, descriptor, flags = 0, pointer = 0) {
    const listener = requireListener(descriptor);
    if (flags & ~FDFLAGS_NONBLOCK) throw new WasiError(flags > 31 ? ERRNO_INVAL : ERRNO_NOTSUP);
    context.memory.check(pointer, 4);
    const connection = attempt(context, listener, false, () => listener.accept());
    connection.flags = flags;
    context.memory.writeU32(pointer, context.descriptors.add(connection));
  },

  sock_recv(context, descriptor, pointer = 0, count = 0, flags = 0, lengthPointer = 0, flagsPointer = 0) {
    const connection = requireConnection(descriptor);
    if (flags & ~(RIFLAGS_RECV_PEEK | RIFLAGS_RECV_WAITALL)) throw new WasiError(ERRNO_INVAL);
    const { memory } = context;
    memory.check(lengthPointer, 4);
    memory.check(flagsPointer, 2);
    const buffers = memory.buffers(pointer, count);
    const isPeek = (flags & RIFLAGS_RECV_PEEK) !== 0;
    const receive = (into: Uint8Array) => connection.receive(into, isPeek);
    const length =
      flags === RIFLAGS_RECV_WAITALL
        ? receiveAll(context, connection, buffers)
        : readInto(context, connection, isPeek ? buffers.slice(0, 1) : buffers, receive);
    memory.writeU32(lengthPointer, length);
    memory.writeU16(flagsPointer, 0);
  },

  sock_send(context, descriptor, pointer = 0, count = 0, flags = 0, lengthPointer = 0) {
    const connection = requireConnection(descriptor);
    if (flags) throw new WasiError(ERRNO_INVAL);
    const { memory } = context;
    memory.check(lengthPointer, 4);
    memory.writeU32(lengthPointer, writeFrom(context, connection, memory.buffers(pointer, count)));
  },

  sock_shutdown(_context, descriptor, how = 0) {
    const connection = requireConnection(descriptor);
    if (how === 0 || how & ~(SDFLAGS_RD | SDFLAGS_WR)) throw new WasiError(ERRNO_INVAL);
    connection.shutdown(how);
  },
};

/** Until all buffers are full, or the peer has ended. */
function receiveAll(context: SocketContext, connection: Connection, buffers: Uint8Array[]): number {
  let length = 0;
  for (const buffer of buffers) {
    for (let at = 0; at < buffer.length;) {
      const part = readInto(context, connection, [buffer.subarray(at)], (into) => connection.read(into));
      if (part === 0) return length;
      at += part;
      length += part;
    }
  }
  return length;
}

function requireListener(descriptor: Descriptor): Listener {
  const { kind } = descriptor as Partial<Stream>;
  if (kind === "connection") throw new WasiError(ERRNO_INVAL);
  if (kind !== "listener") throw new WasiError(ERRNO_NOTSOCK);
  return descriptor as Listener;
}

function requireConnection(descriptor: Descriptor): Connection {
  const { kind } = descriptor as Partial<Stream>;
  if (kind === "listener") throw new WasiError(ERRNO_NOTCONN);
  if (kind !== "connection") throw new WasiError(ERRNO_NOTSOCK);
  return descriptor as Connection;
}
