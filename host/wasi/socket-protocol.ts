/** What a thread that has sockets and the one that runs the program say to each other. Listeners and connections have numbers. */
import type { MessagePort } from "node:worker_threads";

/** With this the thread begins. */
export interface SocketThreadData {
  port: MessagePort;
  bell: Int32Array;
}

export type ToSocketThread =
  | { type: "listen"; listener: number; host: string; port: number }
  | { type: "write"; connection: number; bytes: Uint8Array }
  /** The program has taken so many of the bytes that were delivered. */
  | { type: "taken"; connection: number; length: number }
  | { type: "shutdown"; connection: number }
  | { type: "close"; connection: number }
  | { type: "closeListener"; listener: number }
  /** Send what is to be sent, and close everything. */
  | { type: "end" };

export type FromSocketThread =
  | { type: "listening"; listener: number; port: number }
  | { type: "refused"; listener: number; code: string; message: string }
  | { type: "connection"; listener: number; connection: number }
  | { type: "data"; connection: number; bytes: Uint8Array }
  /** The system has taken so many of the bytes to write. */
  | { type: "written"; connection: number; length: number }
  | { type: "end"; connection: number }
  | { type: "error"; connection: number; code: string }
  | { type: "ended" };

/** Bytes of one connection that wait for the program, and for the system, at most: about. */
export const WINDOW = 262_144;
