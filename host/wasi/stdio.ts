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

/** Read ahead at most, by a waiter that can tell no other way how much there is. */
const READ_AHEAD = 65_536;

export class Stdio implements Stream {
  readonly kind = "stdio";
  flags = 0;
  /** Read, but not yet asked for. */
  #ahead: Uint8Array = new Uint8Array(0);
  /** The end has been read ahead. */
  #isEnded = false;

  constructor(readonly systemFd: number) {}

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

  /** Bytes that were read ahead; whether the end was. */
  get ahead(): { nbytes: number; isEnded: boolean } {
    return { nbytes: this.#ahead.length, isEnded: this.#isEnded };
  }

  /** Reads ahead for as long as this says that reading does not wait. */
  readAhead(isReadable: () => boolean): void {
    while (!this.#isEnded && this.#ahead.length < READ_AHEAD && isReadable()) {
      const chunk = new Uint8Array(READ_AHEAD - this.#ahead.length);
      const length = this.#readChunk(chunk);
      if (length < 0) return;
      if (length === 0) this.#isEnded = true;
      else this.#ahead = Buffer.concat([this.#ahead, chunk.subarray(0, length)]);
    }
  }

  /** -1 when somebody else was faster. */
  #readChunk(into: Uint8Array): number {
    try {
      return readSync(this.systemFd, into);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EAGAIN") return -1;
      this.#isEnded = true; // a connection that was broken off
      return 0;
    }
  }

  /** A waiter watches `systemFd`. */
  probe(_interest: Interest): void {}

  /** The process keeps its own. */
  close(): void {}

  fdStat(): FdStat {
    const filetype = filetypeOf(fstatSync(this.systemFd));
    // A character device on which nobody can seek is what programs take for a terminal.
    const isDevice = filetype === FILETYPE_CHARACTER_DEVICE && !isatty(this.systemFd);
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
