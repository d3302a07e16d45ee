/**
 * `UdpSocket`: datagrams, which come whole, or not at all, and in any order.
 *
 * A datagram is received into a room of the library's own, behind the address of its sender (see abi.ts), and copied from there by the fiber that
 * has waited for it: so an array that it was not received into is never touched. A room serves again and again.
 */
import { DATAGRAM_HEADER, DATAGRAM_HOST, End, Opcode } from "./abi";
import { suspend } from "./context";
import { ERRNO_INVAL, ERRNO_MSGSIZE } from "./errno";
import {
  beginOperation,
  deadlineIn,
  endAsClosed,
  endAtOnce,
  endOperation,
  endOperationOrError,
  operationDetail,
  prepare,
  refuse,
  submitNow,
} from "./event-queue";
import { refuseEmpty } from "./reader";
import { Reason } from "./record";
import { isTurnOver } from "./scheduler";
import { addressOf } from "./socket-address";

/** The most bytes that a datagram has. */
const MAX_DATAGRAM: i32 = 65_507;

/**
 * A UDP socket. Any number of fibers may send, and any number receive: each datagram goes to the one that has waited longest. What nobody receives
 * is kept within a limit of the system or the driver, and lost beyond it.
 */
export class UdpSocket {
  /** The most milliseconds that one `receive` or `send` may wait; infinite by default. A `receive` that times out loses nothing. */
  timeout: f64 = Infinity;
  private isOpen: bool = true;
  /** The last datagram, with its sender. */
  private last: ArrayBuffer | null = null;
  private wasTruncated: bool = false;
  /** A room that no fiber waits with. */
  private spare: ArrayBuffer | null = null;
  /** Where datagrams are made: the driver has read them before `submit` returns. */
  private outgoing: ArrayBuffer = new ArrayBuffer(<i32>DATAGRAM_HEADER);

  private constructor(
    private handle: u32,
    /** The port that it is bound to. */
    readonly port: i32,
  ) {}

  /**
   * Binds a port of a host's name or address; port 0: one that is free, see `port`. Waits until it is bound, for at most so many
   * milliseconds.
   * @throws EADDRINUSE, EADDRNOTAVAIL, EACCES, EINVAL and what else the system says; ENOTSUP on WASI
   */
  static bind(host: string, port: i32, timeout: f64 = Infinity): UdpSocket {
    if (beginBind(host, port, timeout)) suspend();
    const result = endOperation();
    if (result < 0 && refuseBind(host, port, result)) suspend();
    return new UdpSocket(<u32>result, <i32>operationDetail());
  }

  /** The same; null when it fails, with the code in `Fiber.current().lastError`. */
  static bindOrError(host: string, port: i32, timeout: f64 = Infinity): UdpSocket | null {
    if (beginBind(host, port, timeout)) suspend();
    const result = endOperationOrError();
    return result < 0 ? null : new UdpSocket(<u32>result, <i32>operationDetail());
  }

  /**
   * Waits for a datagram, which may be empty. Who has sent it is in `senderHost` and `senderPort`; whether it was longer than the array in
   * `isTruncated`. All three are those of the last datagram that was received by any fiber: look before the fiber waits again.
   * @returns how many bytes were received into the array
   * @throws ETIMEDOUT; E_EMPTY_BUFFER when nothing fits; E_CLOSED after `close`, also while it waits
   */
  receive(into: Uint8Array): i32 {
    if (isTurnOver()) suspend();
    const room = this.takeRoom(into.length);
    if (beginReceive(this, into, room)) suspend();
    const result = endOperation();
    if (result < 0 && refuseReceive(this, result)) suspend();
    return this.endReceive(into, room, result);
  }

  /** The same; -1 when it fails, with the code in `Fiber.current().lastError`. */
  receiveOrError(into: Uint8Array): i32 {
    if (isTurnOver()) suspend();
    const room = this.takeRoom(into.length);
    if (beginReceive(this, into, room)) suspend();
    const result = endOperationOrError();
    return result < 0 ? -1 : this.endReceive(into, room, result);
  }

  /**
   * Sends one datagram to a host by name or address: the whole array, at most 65,507 bytes. Waits until the system has taken it; whether it
   * arrives, nobody says.
   * @throws EMSGSIZE for more bytes than a datagram has, or the way to the host can carry; EHOSTUNREACH, ENETUNREACH, ENOTFOUND; EAFNOSUPPORT for
   * an address of IPv6 on a socket of IPv4; EINVAL for no address or port; ETIMEDOUT; E_CLOSED after `close`, and what else the system says
   */
  send(from: Uint8Array, host: string, port: i32): void {
    if (isTurnOver()) suspend();
    if (this.beginSend(from.dataStart, from.length, host, port)) suspend();
    const result = endOperation();
    if (result < 0 && refuseSend(host, port, result)) suspend();
  }

  /** The same; false when it fails, with the code in `Fiber.current().lastError`. */
  sendOrError(from: Uint8Array, host: string, port: i32): bool {
    if (isTurnOver()) suspend();
    if (this.beginSend(from.dataStart, from.length, host, port)) suspend();
    return endOperationOrError() >= 0;
  }

  /** Sends a text in UTF-8; otherwise as `send`. */
  sendText(text: string, host: string, port: i32): void {
    if (isTurnOver()) suspend();
    if (beginSendText(this, text, host, port)) suspend();
    const result = endOperation();
    if (result < 0 && refuseSend(host, port, result)) suspend();
  }

  /** The same; false when it fails, with the code in `Fiber.current().lastError`. */
  sendTextOrError(text: string, host: string, port: i32): bool {
    if (isTurnOver()) suspend();
    if (beginSendText(this, text, host, port)) suspend();
    return endOperationOrError() >= 0;
  }

  /** The address that the last datagram came from: `127.0.0.1`, `::1`; empty before the first. */
  get senderHost(): string {
    const last = changetype<usize>(this.last);
    return last ? String.UTF8.decodeUnsafe(last + 8, load<u32>(last, 4)) : "";
  }

  /** The port that the last datagram came from; 0 before the first. */
  get senderPort(): i32 {
    const last = changetype<usize>(this.last);
    return last ? load<i32>(last) : 0;
  }

  /** Whether the last datagram was longer than the array that it was received into: what had no room is lost. */
  get isTruncated(): bool {
    return this.wasTruncated;
  }

  /** Address and port that it is bound to: `127.0.0.1:8080`, `[::1]:8080`; empty after `close`. */
  get localAddress(): string {
    return this.isOpen ? addressOf(this.handle, End.LOCAL) : "";
  }

  /** Closes it. Fibers that wait for it fail with E_CLOSED; datagrams that nobody has received are lost. Closing again does nothing. */
  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    prepare(Opcode.CLOSE, this.handle, 0, 0, 0);
    submitNow();
  }

  /** A room for datagrams of so many bytes. */
  private takeRoom(length: i32): ArrayBuffer {
    const spare = this.spare;
    const wanted = <i32>DATAGRAM_HEADER + length;
    if (!spare || spare.byteLength < wanted) return new ArrayBuffer(wanted);
    this.spare = null;
    return spare;
  }

  /** Takes what has come from the room. */
  private endReceive(into: Uint8Array, room: ArrayBuffer, length: i32): i32 {
    this.spare = this.last;
    this.last = room;
    this.wasTruncated = length > into.length;
    const count = min(length, into.length);
    memory.copy(into.dataStart, changetype<usize>(room) + DATAGRAM_HEADER, count);
    return count;
  }

  /** Makes the datagram that is to be sent. Returns its address. */
  private makeOutgoing(pointer: usize, length: i32, host: string, hostLength: i32, port: i32): usize {
    const wanted = <i32>DATAGRAM_HEADER + length;
    if (this.outgoing.byteLength < wanted) this.outgoing = new ArrayBuffer(wanted);
    const datagram = changetype<usize>(this.outgoing);
    store<i32>(datagram, port);
    store<i32>(datagram, hostLength, 4);
    String.UTF8.encodeUnsafe(changetype<usize>(host), host.length, datagram + 8);
    memory.copy(datagram + DATAGRAM_HEADER, pointer, length);
    return datagram;
  }

  /** @internal */
  beginSend(pointer: usize, length: i32, host: string, port: i32): bool {
    if (!this.isOpen) return endAsClosed();
    if (length > MAX_DATAGRAM) return endAtOnce(-ERRNO_MSGSIZE);
    const hostLength = String.UTF8.byteLength(host);
    if (<u32>hostLength > DATAGRAM_HOST) return endAtOnce(-ERRNO_INVAL);
    const datagram = this.makeOutgoing(pointer, length, host, hostLength, port);
    prepare(Opcode.SEND, this.handle, datagram, DATAGRAM_HEADER + length, 0);
    return beginOperation(Reason.WRITE, 0, deadlineIn(this.timeout));
  }
}

// @ts-ignore: decorator
@inline
function isOpen(socket: UdpSocket): bool {
  return load<bool>(changetype<usize>(socket), offsetof<UdpSocket>("isOpen"));
}

// @ts-ignore: decorator
@inline
function handleOf(socket: UdpSocket): u32 {
  return load<u32>(changetype<usize>(socket), offsetof<UdpSocket>("handle"));
}

function beginBind(host: string, port: i32, timeout: f64): bool {
  const name = String.UTF8.encode(host);
  prepare(Opcode.BIND, 0, changetype<usize>(name), <u32>name.byteLength, <u32>port);
  return beginOperation(Reason.LISTEN, 0, deadlineIn(timeout));
}

function beginReceive(socket: UdpSocket, into: Uint8Array, room: ArrayBuffer): bool {
  if (!into.length) return refuseEmpty();
  if (!isOpen(socket)) return endAsClosed();
  prepare(Opcode.RECEIVE, handleOf(socket), changetype<usize>(room), DATAGRAM_HEADER + into.length, 0);
  return beginOperation(Reason.READ, changetype<usize>(room), deadlineIn(socket.timeout));
}

function beginSendText(socket: UdpSocket, text: string, host: string, port: i32): bool {
  const bytes = String.UTF8.encode(text, false, String.UTF8.ErrorMode.REPLACE);
  return socket.beginSend(changetype<usize>(bytes), bytes.byteLength, host, port);
}

function refuseBind(host: string, port: i32, result: i32): bool {
  return refuse(`bind ${host}:${port}`, result);
}

function refuseReceive(socket: UdpSocket, result: i32): bool {
  return refuse(`receive on port ${socket.port}`, result);
}

function refuseSend(host: string, port: i32, result: i32): bool {
  return refuse(`send to ${host}:${port}`, result);
}
