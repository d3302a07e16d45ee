/** Files of the first preopened directory, by WASI's own functions: small ones, as a whole. */

@external("wasi_snapshot_preview1", "path_open")
declare function pathOpen(
  directory: u32,
  lookup: u32,
  path: usize,
  length: u32,
  oflags: u32,
  rights: u64,
  inheriting: u64,
  flags: u32,
  opened: usize,
): u32;
@external("wasi_snapshot_preview1", "fd_read")
declare function fdRead(fd: u32, iovecs: usize, count: u32, bytes: usize): u32;
@external("wasi_snapshot_preview1", "fd_write")
declare function fdWrite(fd: u32, iovecs: usize, count: u32, bytes: usize): u32;
@external("wasi_snapshot_preview1", "fd_close")
declare function fdClose(fd: u32): u32;

const DIRECTORY: u32 = 3;
const OFLAGS_CREATE_AND_TRUNCATE: u32 = 1 | 8;
const RIGHTS_FD_READ: u64 = 1 << 1;
const RIGHTS_FD_WRITE: u64 = 1 << 6;

const iovec = memory.data(8, 4);
const result = memory.data(4, 4);

let errno: u32 = 0;

function open(name: string, oflags: u32, rights: u64): u32 {
  const path = Uint8Array.wrap(String.UTF8.encode(name));
  errno = pathOpen(DIRECTORY, 0, path.dataStart, path.length, oflags, rights, 0, 0, result);
  return load<u32>(result);
}

/** Its text, or the errno of why there is none. */
export function readFile(name: string): string {
  const fd = open(name, 0, RIGHTS_FD_READ);
  if (errno) return `errno ${errno}`;
  const bytes = new Uint8Array(256);
  store<usize>(iovec, bytes.dataStart);
  store<u32>(iovec, bytes.length, 4);
  errno = fdRead(fd, iovec, 1, result);
  fdClose(fd);
  return errno ? `errno ${errno}` : String.UTF8.decodeUnsafe(bytes.dataStart, load<u32>(result));
}

export function writeFile(name: string, text: string): void {
  const fd = open(name, OFLAGS_CREATE_AND_TRUNCATE, RIGHTS_FD_WRITE);
  if (errno) return;
  const bytes = Uint8Array.wrap(String.UTF8.encode(text));
  store<usize>(iovec, bytes.dataStart);
  store<u32>(iovec, bytes.length, 4);
  fdWrite(fd, iovec, 1, result);
  fdClose(fd);
}
