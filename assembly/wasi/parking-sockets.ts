/**
 * The sockets that a program knows by WASI descriptors while our JavaScript host serves it: the listeners that the host has opened before,
 * and the connections that were accepted on them.
 *
 * - Listeners have the descriptors that the host gives them. Connections have numbers from 65,536 on, which no WASI host reaches, so that
 *   what the host opens never has the number of a connection.
 * - A socket may be closed, and its number given to another, while a fiber waits for it. So after a wait nothing of it is touched; the
 *   handle, which no other socket ever has, tells whether it is still the same.
 *
 * ╒═══════════════════ socket (20 bytes) ═══════════════════╕
 * │  0 handle       u32   the driver's                      │
 * │  4 descriptor   u32   the program's                     │
 * │  8 next         ptr   link of a list of listeners, or   │
 * │                       of connections accepted ahead     │
 * │ 12 ahead        ptr   of a listener: accepted already,  │
 * │                       since poll_oneoff was asked       │
 * │ 16 flags        u16   FDFLAGS_NONBLOCK or 0             │
 * │ 18 isListener   bool · 19 isEnded bool: read no more    │
 * ╘═════════════════════════════════════════════════════════╛
 * The table of connections has an address for each; in a free place stands the next free one, shifted left, with the lowest bit set.
 */
import { Opcode } from "../abi";
import { prepare, submitNow } from "../event-queue";
import { enlarge } from "../memory";

@unmanaged
export class Socket {
  handle: u32;
  descriptor: u32;
  next: Socket | null;
  ahead: Socket | null;
  flags: u16;
  isListener: bool;
  /** The program has shut it down for reading. */
  isEnded: bool;
}

/** Numbers of connections begin here. */
export const FIRST_CONNECTION: u32 = 65536;
const INITIAL_CAPACITY: u32 = 16;
const NONE: u32 = 0x7fffffff;

let listeners: Socket | null = null;
let connections: usize = 0;
let capacity: u32 = 0;
let free: u32 = NONE;

function newSocket(handle: u32, isListener: bool): Socket {
  const socket = changetype<Socket>(heap.alloc(offsetof<Socket>()));
  memory.fill(changetype<usize>(socket), 0, offsetof<Socket>());
  socket.handle = handle;
  socket.isListener = isListener;
  return socket;
}

/** Gives the program a listener. Called by the host, before the program starts: nothing that the collector manages can be made yet. */
export function addListener(descriptor: u32, handle: u32): void {
  const listener = newSocket(handle, true);
  listener.descriptor = descriptor;
  listener.next = listeners;
  listeners = listener;
}

/** The socket of this descriptor; null when it has none, or one of the WASI host's. */
export function findSocket(descriptor: u32): Socket | null {
  if (descriptor < FIRST_CONNECTION) {
    let listener = listeners;
    while (listener && listener.descriptor != descriptor) listener = listener.next;
    return listener;
  }
  const index = descriptor - FIRST_CONNECTION;
  if (index >= capacity) return null;
  const place = load<usize>(connections + index * sizeof<usize>());
  return place & 1 ? null : changetype<Socket>(place);
}

/** Gives a connection a descriptor. */
export function addConnection(handle: u32, flags: u16): u32 {
  const connection = newSocket(handle, false);
  connection.flags = flags;
  if (free == NONE) grow();
  const index = free;
  const place = connections + index * sizeof<usize>();
  free = (<u32>load<usize>(place)) >>> 1;
  store<usize>(place, changetype<usize>(connection));
  connection.descriptor = FIRST_CONNECTION + index;
  return connection.descriptor;
}

function grow(): void {
  const wanted = max<u32>(capacity << 1, INITIAL_CAPACITY);
  connections = enlarge(connections, capacity * sizeof<usize>(), wanted * sizeof<usize>());
  for (let i = wanted; i > capacity; i--) {
    store<usize>(connections + (i - 1) * sizeof<usize>(), (free << 1) | 1);
    free = i - 1;
  }
  capacity = wanted;
}

/** The listener has accepted it for whoever asks next; when the listener is closed meanwhile, so is the connection. */
export function keepAccepted(descriptor: u32, listenerHandle: u32, handle: u32): void {
  const listener = findSocket(descriptor);
  if (!listener || listener.handle != listenerHandle) {
    closeHandle(handle);
    return;
  }
  const connection = newSocket(handle, false);
  if (!listener.ahead) {
    listener.ahead = connection;
    return;
  }
  let last = listener.ahead!;
  while (last.next) last = last.next!;
  last.next = connection;
}

/** The handle of the oldest connection that was accepted ahead; 0 when there is none. */
export function takeAccepted(listener: Socket): u32 {
  const connection = listener.ahead;
  if (!connection) return 0;
  const handle = connection.handle;
  listener.ahead = connection.next;
  heap.free(changetype<usize>(connection));
  return handle;
}

/** Closes a socket. Fibers that wait for it are told that its descriptor is not open. */
export function closeSocket(socket: Socket): void {
  closeHandle(socket.handle);
  if (socket.isListener) {
    for (let handle = takeAccepted(socket); handle; handle = takeAccepted(socket)) closeHandle(handle);
    removeListener(socket);
  } else {
    const index = socket.descriptor - FIRST_CONNECTION;
    store<usize>(connections + index * sizeof<usize>(), (free << 1) | 1);
    free = index;
  }
  heap.free(changetype<usize>(socket));
}

function removeListener(listener: Socket): void {
  if (listeners == listener) {
    listeners = listener.next;
    return;
  }
  let before = listeners!;
  while (before.next != listener) before = before.next!;
  before.next = listener.next;
}

function closeHandle(handle: u32): void {
  prepare(Opcode.CLOSE, handle, 0, 0, 0);
  submitNow();
}
