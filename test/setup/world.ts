/** What the driver contract suite needs of the outside world, so that one text of a test runs on every driver. */
import type { Driver } from "as-fibers";
import { nodeWorld } from "./node-world.ts";
import { virtualWorld } from "./virtual-world.ts";

export interface World {
  readonly name: string;
  /** True when its clock is simulated: then nothing takes real time, and precision is exact. */
  readonly isSimulated: boolean;
  /** A new driver and the network that it lives in. */
  open(options?: { stdin?: string }): Promise<Scene>;
}

export interface Scene {
  readonly driver: Driver;
  /** Connects to a listener of the program. */
  connect(port: number): Promise<Peer>;
  /** Listens outside, for the program to connect to. */
  listen(): Promise<OutsideListener>;
  /** A port on 127.0.0.1 that nobody listens on. */
  unusedPort(): Promise<number>;
  /** What the program has printed. */
  output(): string;
  close(): Promise<void>;
}

export interface OutsideListener {
  readonly port: number;
  /** The next connection. */
  accept(): Promise<Peer>;
  close(): Promise<void>;
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
export const worlds: readonly World[] = [nodeWorld, virtualWorld];
