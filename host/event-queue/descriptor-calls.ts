/** The calls that every descriptor knows, whatever it stands for. */
import { type CLibrary, EAGAIN } from "./c-library.ts";

/** Each returns 0 or more, or the negative error number. */
export interface DescriptorCalls {
  read(fd: number, into: Uint8Array): number;
  write(fd: number, from: Uint8Array): number;
  close(fd: number): number;
  /** A second descriptor of the same. */
  duplicate(fd: number): number;
  /** Makes a pipe that does not wait and is not inherited: its reading end, and its writing end. */
  pipe(ends: Int32Array): number;
  /** A counter that can be watched (Linux); the table does not have it elsewhere. */
  eventfd?(): number;
  /**
   * Says of which file a descriptor is, in two words: its inode. Sockets and pipes have one of their own on Linux and FreeBSD; where they have
   * none, two cannot be told apart.
   */
  identify(fd: number, into: Uint32Array): number;
}

const isLinux = process.platform === "linux";
const O_NONBLOCK = isLinux ? 0o4000 : 0x4;
const O_CLOEXEC = isLinux ? 0o2000000 : 0;
const F_SETFD = 2;
const F_SETFL = 4;
const FD_CLOEXEC = 1;
/** `struct stat` begins with the device, and has the inode at byte 8, on Linux, macOS and FreeBSD (64 bits). */
const FSTAT = process.platform === "darwin" && process.arch === "x64" ? "fstat$INODE64" : "fstat";
const STAT_BYTES = 256;
const STAT_INODE_WORD = 2;

export function bindDescriptorCalls(library: CLibrary): DescriptorCalls {
  const read = library.bind("read", ["int", "void *", "size_t"], "intptr_t");
  const write = library.bind("write", ["int", "void *", "size_t"], "intptr_t");
  const close = library.bind("close", ["int"]);
  const dup = library.bind("dup", ["int"]);
  const fstat = library.has(FSTAT) ? library.bind(FSTAT, ["int", "void *"]) : null;
  const stat = new Uint32Array(STAT_BYTES / 4);
  const calls: DescriptorCalls = {
    read: (fd, into) => read(fd, into, into.length),
    write: (fd, from) => write(fd, from, from.length),
    close: (fd) => close(fd),
    duplicate: (fd) => dup(fd),
    pipe: bindPipe(library),
    identify(fd, into) {
      const result = fstat ? fstat(fd, stat) : 0;
      into[0] = stat[STAT_INODE_WORD] as number;
      into[1] = stat[STAT_INODE_WORD + 1] as number;
      return result;
    },
  };
  if (isLinux) {
    const eventfd = library.bind("eventfd", ["uint", "int"]);
    calls.eventfd = () => eventfd(0, O_NONBLOCK | O_CLOEXEC);
  }
  return calls;
}

function bindPipe(library: CLibrary): DescriptorCalls["pipe"] {
  if (isLinux) {
    const pipe2 = library.bind("pipe2", ["void *", "int"]);
    return (ends) => pipe2(ends, O_NONBLOCK | O_CLOEXEC);
  }
  const pipe = library.bind("pipe", ["void *"]);
  const setFlags = bindNonblocking(library);
  return (ends) => {
    const result = pipe(ends);
    if (result < 0) return result;
    setFlags(ends[0] as number);
    return setFlags(ends[1] as number);
  };
}

/** Makes a descriptor such that it does not wait and is not inherited, where that takes calls of its own. */
export function bindNonblocking(library: CLibrary): (fd: number) => number {
  // On Apple's ARM, variadic arguments are passed otherwise than others: the declaration has to say so.
  const fcntl = library.bindVariadic("int fcntl(int fd, int command, ...)");
  return (fd) => {
    const result = fcntl(fd, F_SETFD, "int", FD_CLOEXEC);
    return result < 0 ? result : fcntl(fd, F_SETFL, "int", O_NONBLOCK);
  };
}

/** A call that would have had to wait. */
export function wouldBlock(result: number): boolean {
  return result === -EAGAIN;
}
