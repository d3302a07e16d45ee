/** What the thread of a program and the one that watches over it say to each other. */
import type { MessagePort } from "node:worker_threads";
import type { NotifierHandle } from "../event-queue/notifier.ts";
import type { Reads } from "./build-cache.ts";
import type { ProgramOptions } from "./program.ts";

/** What the program's thread is given at its start. */
export interface ThreadData {
  program: ProgramOptions;
  /** Where it asks for standard input: an `InputRequest` for each `InputAnswer`. */
  input: MessagePort;
}

/**
 * main begins: from now on the program can close in order, and list its fibers. Or: it has listed them. Or: what wakes its thread, which
 * sleeps in the operating system's event queue, to read what it was told. Or: what was read to compile the program.
 */
export type FromThread = "running" | "dumped" | { notifier: NotifierHandle } | { reads: Reads };

/** Close in order: cancel the fibers, run their cleanups, end. Or: list the fibers. */
export type ToThread = "close" | "dump";

/** Give me what comes next. One at a time. */
export type InputRequest = "next";

/** Bytes; null at the end; or what Node said when reading failed. */
export type InputAnswer = Uint8Array | null | { code: string | undefined; message: string };
