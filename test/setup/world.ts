/** What the driver contract suite needs of the outside world, so that one text of a test runs on every driver. */
import type { Driver } from "as-fibers";
import type { Bench } from "./driver-bench.ts";
import { nodeWorld } from "./node-world.ts";
import { epollWorld, pollWorld } from "./selector-world.ts";
import { virtualWorld } from "./virtual-world.ts";
import { otherWasiWorlds, wasiWorld } from "./wasi-world.ts";

/**
 * What a test may need that not every world has:
 *
 * - connect: the program connects to others, and looks up names
 * - port: it listens on a port of its choice, and is told which one it has
 * - address: it is told who its peer is, and who it is itself
 * - datagram: it has UDP sockets
 * - unix: it has Unix sockets
 * - option: its connections have options
 * - file: its Unix sockets are in a file system
 * - handle: the handles of its operations are never used again
 * - clock: time goes on while fibers are busy
 * - hangup: it learns of a reset although nobody reads
 * - driver: the driver is JavaScript's: operations end and are taken at moments that the test chooses, and turns come from the event loop
 * - app: so is the program, and whoever calls it is told of its end
 */
export type Need =
  | "connect"
  | "port"
  | "address"
  | "datagram"
  | "unix"
  | "option"
  | "file"
  | "handle"
  | "clock"
  | "hangup"
  | "driver"
  | "app";

export interface World {
  readonly name: string;
  /** False: it needs what this machine does not have, or what is not installed. */
  readonly isHere: boolean;
  /** True when its clock is simulated: then nothing takes real time, and precision is exact. */
  readonly isSimulated: boolean;
  readonly lacks: ReadonlySet<Need>;
  /** How errors name a connection: a regular expression. */
  readonly streamName: string;
  /** A new driver and the network that it lives in. */
  open(options?: { stdin?: string }): Promise<Scene>;
}

export interface Scene {
  /** @throws when the driver is not JavaScript's */
  readonly driver: Driver;
  /** Runs a guest of this name. Once. */
  run(guest: "driver" | "driver-many"): Promise<Program>;
  /** Operations by hand, in place of a program. */
  openBench(): Promise<Bench>;
  /** Connects to a listener of the program. */
  connect(port: number): Promise<Peer>;
  /** Listens outside, for the program to connect to. */
  listen(): Promise<OutsideListener>;
  /** A port on 127.0.0.1 that nobody listens on. */
  unusedPort(): Promise<number>;
  /** A UDP socket outside, on 127.0.0.1. */
  openDatagrams(): Promise<Correspondent>;
  /** A path that nobody listens on. */
  unusedPath(): string;
  /** As `connect`, by the path of a Unix socket. */
  connectUnix(path: string): Promise<Peer>;
  /** As `listen`, on a path. */
  listenUnix(path: string): Promise<Omit<OutsideListener, "port">>;
  close(): Promise<void>;
}

/** A guest that runs. */
export interface Program {
  /** Calls an export, in a fiber of its name. */
  call(verb: string, ...values: (number | string)[]): Promise<unknown>;
  /** The port of its listener of this number. */
  portOf(listener: number): Promise<number>;
  /** What each fiber that waits is waiting for. */
  reasons(): Promise<string[]>;
  /** A full collection. */
  collect(): Promise<void>;
  /** Ends it. @throws when the world lacks `app` */
  close(): Promise<void>;
  /** Lets go of it, whatever it does. */
  terminate(): Promise<void>;
}

export interface OutsideListener {
  readonly port: number;
  /** The next connection. */
  accept(): Promise<Peer>;
  close(): Promise<void>;
}

/** A UDP socket outside. */
export interface Correspondent {
  readonly port: number;
  send(bytes: Uint8Array | string, port: number): void;
  /** The next datagram, and the port that it came from. */
  receive(): Promise<{ bytes: Buffer; port: number }>;
}

/** The other side of a connection. */
export interface Peer {
  /** Sends; resolves when the bytes have left this side. */
  write(bytes: Uint8Array | string): Promise<void>;
  /**
   * Exactly so many bytes, or fewer at the end; rejects with the code of a reset (ECONNRESET). Bytes are only taken from the network as
   * they are read, so a peer that does not read is a slow reader.
   */
  read(count: number): Promise<Buffer>;
  /** Half-close: the other side reads the end. */
  end(): void;
  /** RST. */
  reset(): void;
  close(): void;
}

/** Every driver, in its world. */
export const worlds: readonly World[] = [nodeWorld, epollWorld, pollWorld, virtualWorld, wasiWorld];

/** And driver `wasi` on every base and with every way of waiting, for what sockets do. */
export const everyWorld: readonly World[] = [...worlds, ...otherWasiWorlds];
