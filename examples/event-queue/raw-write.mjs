// Two ways to ask the kernel to write, without Node's streams: the C library's `write`, and the system call by its number. It is the same
// call; the library knows the number, and keeps the error in errno.
import koffi from "koffi";

const library = koffi.load(null); // what this process has loaded already, the C library included
const write = library.func("intptr_t write(int fd, const void *bytes, size_t length)");
const syscall = library.func("long syscall(long number, ...)");

/** Linux numbers its calls by processor. */
const SYS_WRITE = { x64: 1, arm64: 64 }[process.arch];
const STDOUT = 1;

const byLibrary = new TextEncoder().encode("written by the C library\n");
write(STDOUT, byLibrary, byLibrary.length);

if (process.platform === "linux" && SYS_WRITE !== undefined) {
  const byNumber = new TextEncoder().encode(`written by system call\n`);
  syscall(SYS_WRITE, "int", STDOUT, "void *", byNumber, "size_t", byNumber.length);
}

// What the kernel refuses comes back as -1, and errno says why.
const failed = write(-1, byLibrary, byLibrary.length);
console.log(`to no descriptor: ${failed}, ${koffi.errno() === koffi.os.errno.EBADF ? "EBADF" : koffi.errno()}`);
