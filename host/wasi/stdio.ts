/** A standard stream of a program: a descriptor of the process. */
import { fstatSync, readSync, writeSync } from "node:fs";
import { isatty } from "node:tty";
import type { Stream } from "./descriptors.ts";
import {
  type FdStat,
  type FileStat,
  FILETYPE_BLOCK_DEVICE,
  FILETYPE_CHARACTER_DEVICE,
  FILETYPE_DIRECTORY,
  FILETYPE_REGULAR_FILE,
  FILETYPE_SOCKET_STREAM,
  FILETYPE_UNKNOWN,
  RIGHTS_FD_FDSTAT_SET_FLAGS,
  RIGHTS_FD_FILESTAT_GET,
  RIGHTS_FD_READ,
  RIGHTS_FD_SEEK,
  RIGHTS_FD_TELL,
  RIGHTS_FD_WRITE,
  RIGHTS_POLL_FD_READWRITE,
} from "./layout.ts";
import type { Interest } from "./waiter.ts";

const RIGHTS =
  RIGHTS_FD_READ | RIGHTS_FD_WRITE | RIGHTS_FD_FDSTAT_SET_FLAGS | RIGHTS_FD_FILESTAT_GET | RIGHTS_POLL_FD_READWRITE;

/** Bytes that are read ahead before it is enough. */
const READ_AHEAD = 65_536;
const chunk = Buffer.alloc(READ_AHEAD);

export class Stdio implements Stream {
  readonly kind = "stdio";
  flags = 0;
  /** Read, but not yet asked for. */
  #ahead: Uint8Array = new Uint8Array(0);
  /** The end has been read ahead. */
  #isEnded = false;
  #isBroken = false;

  /** At least at the beginning: what is closed on the other side does not call itself one any more. */
  readonly isTerminal: boolean;

  constructor(readonly systemFd: number) {
    this.isTerminal = isatty(systemFd);
  }

  read(into: Uint8Array): number {
    if (this.#ahead.length > 0) {
      const length = Math.min(into.length, this.#ahead.length);
      into.set(this.#ahead.subarray(0, length));
      this.#ahead = this.#ahead.subarray(length);
      return length;
    }
    if (this.#isEnded) {
      this.#isEnded = false; // a terminal goes on after its end
      return 0;
    }
    return readSync(this.systemFd, into);
  }

  write(from: Uint8Array): number {
    return writeSync(this.systemFd, from);
  }

  /**
   * Reads ahead what there is, for a waiter that can tell by nothing else whether there is anything. Reading must not wait.
   *
   * @returns the bytes that are there now; whether the end follows; whether that is because the other side is gone: a terminal goes on
   */
  readAhead(): { nbytes: number; isEnded: boolean; isHungUp: boolean } {
    while (!this.#isEnded && this.#ahead.length < READ_AHEAD) {
      const length = this.#readChunk();
      if (length < 0) break;
      if (length === 0) this.#isEnded = true;
      else this.#ahead = Buffer.concat([this.#ahead, chunk.subarray(0, length)]);
    }
    const isHungUp = this.#isEnded && (this.#isBroken || !isatty(this.systemFd));
    return { nbytes: this.#ahead.length, isEnded: this.#isEnded, isHungUp };
  }

  /** -1 when there is nothing at present. */
  #readChunk(): number {
    // An error with a stack costs more than all the rest.
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    try {
      return readSync(this.systemFd, chunk);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EAGAIN") return -1;
      this.#isBroken = true;
      return 0;
    } finally {
      Error.stackTraceLimit = limit;
    }
  }

  /** A waiter watches `systemFd`. */
  probe(_interest: Interest): void {}

  /** The process keeps its own. */
  close(): void {}

  fdStat(): FdStat {
    const filetype = filetypeOf(fstatSync(this.systemFd));
    // A character device on which nobody can seek is what programs take for a terminal.
    const isDevice = filetype === FILETYPE_CHARACTER_DEVICE && !this.isTerminal;
    return { filetype, flags: this.flags, rights: isDevice ? RIGHTS | RIGHTS_FD_SEEK | RIGHTS_FD_TELL : RIGHTS };
  }

  fileStat(): FileStat {
    const stats = fstatSync(this.systemFd, { bigint: true });
    return {
      device: stats.dev,
      inode: stats.ino,
      filetype: filetypeOf(stats),
      links: stats.nlink,
      size: stats.size,
      accessedNs: stats.atimeNs,
      modifiedNs: stats.mtimeNs,
      changedNs: stats.ctimeNs,
    };
  }
}

interface Kinds {
  isFile(): boolean;
  isDirectory(): boolean;
  isCharacterDevice(): boolean;
  isBlockDevice(): boolean;
  isSocket(): boolean;
}

/** A pipe is of no type that the spec names. */
function filetypeOf(stats: Kinds): number {
  if (stats.isFile()) return FILETYPE_REGULAR_FILE;
  if (stats.isDirectory()) return FILETYPE_DIRECTORY;
  if (stats.isCharacterDevice()) return FILETYPE_CHARACTER_DEVICE;
  if (stats.isBlockDevice()) return FILETYPE_BLOCK_DEVICE;
  return stats.isSocket() ? FILETYPE_SOCKET_STREAM : FILETYPE_UNKNOWN;
}
