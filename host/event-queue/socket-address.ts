/**
 * Addresses of sockets, as programs write them and as the kernel has them.
 *
 * ```text
 * sockaddr_in   │ family │ port │ 4 bytes │ 8 zeroes                     16 bytes
 * sockaddr_in6  │ family │ port │ flow 4  │ 16 bytes │ scope 4           28 bytes
 * sockaddr_un   │ family │ path, ended by a zero                         up to 110 bytes
 * ```
 * Port and address are in network order. The family has 16 bits on Linux; elsewhere it has 8, behind 8 for the length.
 */
import { FibersError } from "../errors.ts";

/** An address of IPv4 or IPv6, with a port. */
export interface InternetAddress {
  /** Of IPv4 or IPv6; for IPv6 with the number of the interface behind `%`, when it needs one. No name: those are looked up before. */
  host: string;
  /** 0 to 65,535. */
  port: number;
}

/** A socket in the file system; on Linux a path that begins with a zero byte is a name that is in no directory. */
export interface UnixAddress {
  path: string;
}

export type SocketAddress = InternetAddress | UnixAddress;

const { platform } = process;
const isLinux = platform === "linux";

export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = isLinux ? 10 : platform === "darwin" ? 30 : platform === "freebsd" ? 28 : 24;

/** Room for any of them. */
export const ADDRESS_BYTES = 128;
const PATH_AT = 2;
const LONGEST_PATH = isLinux ? 107 : 103;
const IPV4_BYTES = 16;
const IPV6_BYTES = 28;

export function familyOf(address: SocketAddress): number {
  if ("path" in address) return AF_UNIX;
  return address.host.includes(":") ? AF_INET6 : AF_INET;
}

/** Writes it as the kernel has it. @returns its length @throws E_INVALID_ARGUMENT */
export function encodeAddress(address: SocketAddress, into: Uint8Array): number {
  into.fill(0);
  const family = familyOf(address);
  const length = "path" in address ? encodePath(address.path, into) : encodeInternet(address, family, into);
  if (isLinux)
    into[0] = family; // little-endian, as all that Node runs on with koffi
  else into.set([length, family]);
  return length;
}

/** The address that stands there. A socket without a name has the path "". */
export function decodeAddress(from: Uint8Array, length: number): SocketAddress {
  const family = from[isLinux ? 0 : 1];
  if (family === AF_UNIX) return { path: decodePath(from, length) };
  const port = ((from[2] as number) << 8) | (from[3] as number);
  if (family === AF_INET) return { host: from.subarray(4, 8).join("."), port };
  return { host: formatIpv6(from.subarray(8, 24), from[24] as number), port };
}

/** As messages name it. */
export function describeAddress(address: SocketAddress): string {
  if ("path" in address) return address.path.replace("\0", "@");
  return address.host.includes(":") ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

function encodePath(path: string, into: Uint8Array): number {
  const bytes = new TextEncoder().encode(path);
  const isAbstract = isLinux && bytes[0] === 0;
  if (bytes.length === 0 || bytes.length > LONGEST_PATH || bytes.includes(0, isAbstract ? 1 : 0)) {
    throw invalid(
      `a socket's path has 1 to ${LONGEST_PATH} bytes and none that is zero, and got ${JSON.stringify(path)}`,
    );
  }
  into.set(bytes, PATH_AT);
  return PATH_AT + bytes.length + (isAbstract ? 0 : 1);
}

function decodePath(from: Uint8Array, length: number): string {
  const bytes = from.subarray(PATH_AT, Math.max(length, PATH_AT));
  const isAbstract = bytes.length > 1 && bytes[0] === 0 && bytes[1] !== 0;
  const end = isAbstract ? bytes.length : bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

function encodeInternet({ host, port }: InternetAddress, family: number, into: Uint8Array): number {
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw invalid(`a port is a whole number from 0 to 65535, and got ${String(port)}`);
  }
  into[2] = port >> 8;
  into[3] = port & 0xff;
  if (family === AF_INET) {
    into.set(parseIpv4(host) ?? refuse(host), 4);
    return IPV4_BYTES;
  }
  const [address = "", scope = "0"] = host.split("%");
  into.set(parseIpv6(address) ?? refuse(host), 8);
  if (!/^\d{1,3}$/.test(scope) || Number(scope) > 255) refuse(host);
  into[24] = Number(scope);
  return IPV6_BYTES;
}

function parseIpv4(host: string): number[] | null {
  const parts = host.split(".");
  const isValid = parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
  return isValid ? parts.map(Number) : null;
}

/** 16 bytes. `::` stands for as many zeroes as are missing; the last 4 bytes may be written as those of IPv4. */
function parseIpv6(host: string): number[] | null {
  const halves = host.split("::").map((half) => (half === "" ? [] : half.split(":")));
  if (halves.length > 2) return null;
  const last = halves.at(-1) as string[];
  const tail = last.at(-1)?.includes(".") ? parseIpv4(last.pop() as string) : [];
  if (!tail) return null;
  if (!halves.flat().every((group) => /^[\da-f]{1,4}$/i.test(group))) return null;
  const [before = [], after = []] = halves.map((groups) =>
    groups.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]),
  );
  const missing = 16 - before.length - after.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 2) return null;
  return [...before, ...Array.from({ length: missing }, () => 0), ...after, ...tail];
}

/** The shortest form, as RFC 5952 has it. */
function formatIpv6(bytes: Uint8Array, scope: number): string {
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[i * 2] as number) << 8) | (bytes[i * 2 + 1] as number));
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (isMapped) return `::ffff:${bytes.subarray(12).join(".")}`;
  const { start, end } = longestZeroes(groups);
  const hex = (from: number, to: number) =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(":");
  const host = end - start > 1 ? `${hex(0, start)}::${hex(end, 8)}` : hex(0, 8);
  return scope ? `${host}%${scope}` : host;
}

/** The first of the longest runs. */
function longestZeroes(groups: readonly number[]): { start: number; end: number } {
  let longest = { start: 0, end: 0 };
  for (let start = 0; start < groups.length; start++) {
    let end = start;
    while (groups[end] === 0) end++;
    if (end - start > longest.end - longest.start) longest = { start, end };
  }
  return longest;
}

function refuse(host: string): never {
  throw invalid(`a host is an address of IPv4 or IPv6, and got ${JSON.stringify(host)}: look names up before`);
}

function invalid(message: string): FibersError {
  return new FibersError("E_INVALID_ARGUMENT", message);
}
