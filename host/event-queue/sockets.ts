/** Opens sockets: what takes several calls, with everything closed again when one of them fails. */
import { EINPROGRESS, EINTR, succeed } from "./c-library.ts";
import type { DescriptorCalls } from "./descriptor-calls.ts";
import {
  ADDRESS_BYTES,
  decodeAddress,
  describeAddress,
  encodeAddress,
  familyOf,
  type SocketAddress,
} from "./socket-address.ts";
import { SOCK_DGRAM, SOCK_STREAM, type SocketCalls, SocketOptions } from "./socket-calls.ts";

export type NetworkCalls = SocketCalls & Pick<DescriptorCalls, "close">;

const address = new Uint8Array(ADDRESS_BYTES);
const length = new Uint32Array(1);

/** A socket that listens. @throws E_INVALID_ARGUMENT; what the system says: EADDRINUSE, EACCES, … */
export function openListener(calls: NetworkCalls, at: SocketAddress, backlog: number): number {
  const name = describeAddress(at);
  return openSocket(calls, at, `listening on ${name}`, (fd, size) => {
    // A server that starts again need not wait until its old connections are forgotten.
    if (!("path" in at)) succeed("setsockopt", calls.setOption(fd, SocketOptions.REUSE_ADDRESS, 1));
    const result = calls.bind(fd, address, size);
    return result < 0 ? result : calls.listen(fd, backlog);
  });
}

/** A socket that is being connected: writable when that has ended, `takeError` tells how. @throws E_INVALID_ARGUMENT; what the system says */
export function openConnection(calls: NetworkCalls, to: SocketAddress): number {
  return openSocket(calls, to, `connecting to ${describeAddress(to)}`, (fd, size) => {
    const result = calls.connect(fd, address, size);
    // An interrupted one goes on by itself.
    return result === -EINPROGRESS || result === -EINTR ? 0 : result;
  });
}

/** A UDP socket that is bound. @throws E_INVALID_ARGUMENT; what the system says: EADDRINUSE, EACCES, … */
export function openDatagrams(calls: NetworkCalls, at: SocketAddress): number {
  const what = `binding ${describeAddress(at)}`;
  return openSocket(calls, at, what, (fd, size) => calls.bind(fd, address, size), SOCK_DGRAM);
}

/** The address of this end. */
export function localAddressOf(calls: SocketCalls, fd: number): SocketAddress {
  succeed("getsockname", calls.localAddress(fd, address, length));
  return decodeAddress(address, length[0] as number);
}

/** The address of the other end. @throws ENOTCONN */
export function peerAddressOf(calls: SocketCalls, fd: number): SocketAddress {
  succeed("getpeername", calls.peerAddress(fd, address, length));
  return decodeAddress(address, length[0] as number);
}

function openSocket(
  calls: NetworkCalls,
  at: SocketAddress,
  what: string,
  prepare: (fd: number, size: number) => number,
  type = SOCK_STREAM,
): number {
  const size = encodeAddress(at, address);
  const fd = succeed("socket", calls.socket(familyOf(at), type));
  try {
    succeed(what, prepare(fd, size));
    return fd;
  } catch (error) {
    calls.close(fd);
    throw error;
  }
}
