// What the driver contract suite asks of UDP sockets, of Unix listeners, and of the addresses and options of TCP.
import { lookup, SocketStream, TcpListener, TcpStream, UdpSocket, UnixListener, UnixStream } from "as-fibers/assembly";
import { byteAt } from "./pattern";

export const streams: SocketStream[] = [];
export const listeners: TcpListener[] = [];
const unixListeners: UnixListener[] = [];
const sockets: UdpSocket[] = [];

// ── UDP ──

export function bindUdp(host: string, port: i32): i32 {
  return sockets.push(UdpSocket.bind(host, port)) - 1;
}

export function udpPort(socket: i32): i32 {
  return sockets[socket].port;
}

export function udpAddress(socket: i32): string {
  return sockets[socket].localAddress;
}

export function closeUdp(socket: i32): void {
  sockets[socket].close();
}

export function limitUdp(socket: i32, milliseconds: f64): void {
  sockets[socket].timeout = milliseconds;
}

/** The text, whether it was cut off, and the sender. */
export function receive(socket: i32, room: i32): string {
  const into = new Uint8Array(room);
  const s = sockets[socket];
  const count = s.receive(into);
  const text = String.UTF8.decodeUnsafe(into.dataStart, count);
  return `${text}${s.isTruncated ? "…" : ""} from ${s.senderHost} ${s.senderPort}`;
}

export function sendUdp(socket: i32, text: string, host: string, port: i32): void {
  sockets[socket].sendText(text, host, port);
}

/** Sends the pattern, so many bytes. */
export function sendLong(socket: i32, length: i32, port: i32): void {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = byteAt(i);
  sockets[socket].send(bytes, "127.0.0.1", port);
}

/** Receives the pattern; how many bytes, or -1 - the place of the first wrong one. */
export function receiveLong(socket: i32, room: i32): i32 {
  const bytes = new Uint8Array(room);
  const count = sockets[socket].receive(bytes);
  for (let i = 0; i < count; i++) if (bytes[i] != byteAt(i)) return -1 - i;
  return count;
}

// ── Unix sockets ──

export function listenUnix(path: string): i32 {
  return unixListeners.push(UnixListener.bind(path)) - 1;
}

export function acceptUnix(listener: i32): i32 {
  return streams.push(unixListeners[listener].accept()) - 1;
}

export function connectUnix(path: string): i32 {
  return streams.push(UnixStream.connect(path)) - 1;
}

export function limitUnix(listener: i32, milliseconds: f64): void {
  unixListeners[listener].timeout = milliseconds;
}

export function closeUnix(listener: i32): void {
  unixListeners[listener].close();
}

// ── TCP ──

export function localAddress(stream: i32): string {
  return (streams[stream] as TcpStream).localAddress;
}

export function listenerAddress(listener: i32): string {
  return listeners[listener].localAddress;
}

export function setNoDelay(stream: i32, isOn: i32): void {
  (streams[stream] as TcpStream).setNoDelay(isOn != 0);
}

export function setKeepAlive(stream: i32, isOn: i32, seconds: i32): void {
  (streams[stream] as TcpStream).setKeepAlive(isOn != 0, seconds);
}

export function limitAccept(listener: i32, milliseconds: f64): void {
  listeners[listener].timeout = milliseconds;
}

export function connectWithin(host: string, port: i32, milliseconds: f64): i32 {
  return streams.push(TcpStream.connect(host, port, milliseconds)) - 1;
}

export function lookupWithin(host: string, milliseconds: f64): string {
  return lookup(host, milliseconds).join(" ");
}

// ── in fibers of their own, and by the forms that leave a code ──

/** The result of a verb; null when it is none of these. */
export function performSocket(verb: string, id: i32, text: string): string | null {
  if (verb == "receive") return receive(id, 100);
  if (verb == "acceptUnix") return acceptUnix(id).toString();
  if (verb == "connectUnix") return connectUnix(text).toString();
  if (verb == "sendName") sendUdp(id, "x", text, 9);
  else return null;
  return "";
}

/** What the form that leaves a code returns; null when it is none of these. */
export function attemptSocket(verb: string, id: i32, text: string): string | null {
  if (verb == "bindUdp") return (UdpSocket.bindOrError(text, id) === null).toString();
  if (verb == "receive") return sockets[id].receiveOrError(new Uint8Array(100)).toString();
  if (verb == "sendUdp") return sockets[id].sendOrError(new Uint8Array(1), text, 9).toString();
  if (verb == "sendTextUdp") return sockets[id].sendTextOrError("x", text, 9).toString();
  if (verb == "listenUnix") return (UnixListener.bindOrError(text) === null).toString();
  if (verb == "connectUnix") return (UnixStream.connectOrError(text) === null).toString();
  if (verb == "acceptUnix") return (unixListeners[id].acceptOrError() === null).toString();
  if (verb == "setNoDelay") return (streams[id] as TcpStream).setNoDelayOrError(true).toString();
  if (verb == "setKeepAlive")
    return (streams[id] as TcpStream).setKeepAliveOrError(true, I32.parseInt(text)).toString();
  return null;
}
