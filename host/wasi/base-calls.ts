/** The functions that the base serves: the program's descriptors become the base's, and the other way round. */
import type { Base } from "./base.ts";
import { BaseDescriptor, type Descriptor, type Descriptors, type Stream } from "./descriptors.ts";
import { ERRNO_BADF, ERRNO_NOTDIR, ERRNO_SUCCESS, WasiError } from "./errno.ts";
import { PREOPENTYPE_DIR, PREOPENTYPE_SOCKET, type ProgramMemory } from "./layout.ts";
import { callOf, type StreamContext } from "./stream-calls.ts";

export interface BaseContext extends StreamContext {
  descriptors: Descriptors;
  base: Base;
}

export type Import = (...args: never[]) => unknown;

/** Which parameters are descriptors, where it is not the first alone. */
const DESCRIPTOR_PARAMETERS: Record<string, number[]> = { path_link: [0, 4], path_rename: [0, 3], path_symlink: [2] };

/** The parameter of `path_open` that says where the new descriptor goes. */
const OPENED_PARAMETER = 8;

/** A directory that was open from the beginning, under the program's name for it. */
export class Preopen extends BaseDescriptor {
  readonly name: Uint8Array;

  constructor(baseFd: number, bytesLeft: (fd: number) => number, name: string) {
    super(baseFd, bytesLeft);
    this.name = Buffer.from(name);
  }
}

/** How many bytes are behind the position in a file of the base. */
export function bytesLeftIn({ base, memory }: { base: Base; memory: ProgramMemory }): (fd: number) => number {
  const ask = (name: string, offset: number) => (fd: number) =>
    memory.borrow((pointer) => {
      const errno = (base.calls[name] as (fd: number, pointer: number) => number)(fd, pointer);
      return errno === ERRNO_SUCCESS ? Number(memory.readU64(pointer + offset)) : 0;
    });
  const sizeOf = ask("fd_filestat_get", 32);
  const positionOf = ask("fd_tell", 0);
  return (fd) => Math.max(sizeOf(fd) - positionOf(fd), 0);
}

/** All of the base's functions on descriptors, to be called with the program's. */
export function baseCalls(context: BaseContext): Record<string, Import> {
  const names = Object.keys(context.base.calls).filter((name) => /^(fd|path)_/.test(name));
  const calls: Record<string, Import> = {};
  for (const name of names) calls[name] = translated(context, name);
  return {
    ...calls,
    path_open: openPath(context),
    fd_close: (fd: number) => closeDescriptor(context, fd >>> 0),
    fd_renumber: (from: number, to: number) => renumber(context, from >>> 0, to >>> 0),
    fd_prestat_get: (fd: number, pointer: number) => getPrestat(context, fd >>> 0, pointer >>> 0),
    fd_prestat_dir_name: (fd: number, pointer: number, length: number) =>
      getPreopenName(context, fd >>> 0, pointer >>> 0, length >>> 0),
  };
}

function translated(context: BaseContext, name: string): (...args: (number | bigint)[]) => unknown {
  const { base, descriptors } = context;
  const call = base.calls[name] as (...args: (number | bigint)[]) => unknown;
  const parameters = DESCRIPTOR_PARAMETERS[name] ?? [0];
  const onStream = callOf(name);
  return (...args) => {
    for (const i of parameters) {
      const descriptor = descriptors.require(Number(args[i]) >>> 0);
      if (descriptor instanceof BaseDescriptor) args[i] = descriptor.baseFd;
      else return onStream(context, descriptor as Stream, ...args.slice(1).map((value) => Number(value) >>> 0));
    }
    return call(...args);
  };
}

function openPath(context: BaseContext): Import {
  const { base, descriptors, memory } = context;
  const open = translated(context, "path_open");
  return (...args: (number | bigint)[]) => {
    const pointer = Number(args[OPENED_PARAMETER]) >>> 0;
    memory.check(pointer, 4);
    const errno = open(...args);
    if (errno !== ERRNO_SUCCESS) return errno;
    const opened = new BaseDescriptor(memory.readU32(pointer), bytesLeftIn({ base, memory }));
    memory.writeU32(pointer, descriptors.add(opened));
    return ERRNO_SUCCESS;
  };
}

function closeDescriptor({ base, descriptors }: BaseContext, fd: number): unknown {
  const descriptor = descriptors.require(fd);
  if (descriptor instanceof BaseDescriptor) {
    const errno = (base.calls["fd_close"] as (fd: number) => number)(descriptor.baseFd);
    if (errno !== ERRNO_SUCCESS) return errno;
  } else {
    descriptor.close();
  }
  descriptors.delete(fd);
  return ERRNO_SUCCESS;
}

function renumber(context: BaseContext, from: number, to: number): unknown {
  const { descriptors } = context;
  const descriptor = descriptors.require(from);
  descriptors.require(to);
  if (from === to) return ERRNO_SUCCESS;
  closeDescriptor(context, to);
  descriptors.delete(from);
  descriptors.set(to, descriptor);
  return ERRNO_SUCCESS;
}

function isListener(descriptor: Descriptor): boolean {
  return (descriptor as Partial<Stream>).kind === "listener";
}

/** A listener has one too: a program that looks for directories goes from 3 upwards, and stops at the first descriptor without. */
function getPrestat({ descriptors, memory }: BaseContext, fd: number, pointer: number): unknown {
  const descriptor = descriptors.require(fd);
  const isDirectory = descriptor instanceof Preopen;
  if (!isDirectory && !isListener(descriptor)) throw new WasiError(ERRNO_BADF);
  memory.check(pointer, 8);
  memory.writeU32(pointer, isDirectory ? PREOPENTYPE_DIR : PREOPENTYPE_SOCKET);
  memory.writeU32(pointer + 4, isDirectory ? descriptor.name.length : 0);
  return ERRNO_SUCCESS;
}

function getPreopenName({ descriptors, memory }: BaseContext, fd: number, pointer: number, length: number): unknown {
  const descriptor = descriptors.require(fd);
  if (isListener(descriptor)) throw new WasiError(ERRNO_NOTDIR);
  if (!(descriptor instanceof Preopen)) throw new WasiError(ERRNO_BADF);
  memory.bytes(pointer, Math.min(length, descriptor.name.length)).set(descriptor.name.subarray(0, length));
  return ERRNO_SUCCESS;
}
