/**
 * The border to the guest, seen from the host: names, layouts and codes. The mirror of `assembly/abi.ts`, where the layouts are drawn;
 * the only file of the host that knows them.
 */

import { ViewCache } from "./view-cache.ts";

/** Number of the ABI that this host speaks. */
export const ABI_VERSION = 7;

/** Functions of `assembly/exports.ts` → the names under which a module exports them. */
export const GUEST_EXPORTS = {
  configure: "__fibers_configure",
  completionBuffer: "__fibers_completion_buffer",
  complete: "__fibers_complete",
  turn: "__fibers_turn",
  beforeTrapped: "__fibers_before_trapped",
  trapped: "__fibers_trapped",
  afterTrapped: "__fibers_after_trapped",
  cancelAll: "__fibers_cancel_all",
  newString: "__fibers_new_string",
  releaseStrings: "__fibers_release_strings",
  callFailure: "__fibers_call_failure",
  cancelCall: "__fibers_cancel_call",
  releaseCall: "__fibers_release_call",
  traceFailure: "__fibers_trace_failure",
  traceFiber: "__fibers_trace_fiber",
  abandonRewind: "__fibers_abandon_rewind",
  takeReport: "__fibers_take_report",
  reportCount: "__fibers_report_count",
  fibers: "__fibers_list",
  countFibers: "__fibers_count",
  countSwitches: "__fibers_count_switches",
  watch: "__fibers_watch",
  deadArea: "__fibers_dead_area",
  collect: "__fibers_collect",
  isIntact: "__fibers_is_intact",
  recordSize: "__fibers_record_size",
  deadlineOf: "__fibers_deadline_of",
} as const;

/** Runs the top-level statements. */
export const START_EXPORT = "__fibers_start";
/** Before the name of an export: starts it as a fiber, with all its arguments. */
export const START_PREFIX = "__fibers_start_";
/** What starts an export with so many of its arguments: one for each number of them that it takes. */
export function startName({ name, parameters }: { name: string; parameters: unknown[] }, count: number): string {
  return START_PREFIX + name + (count < parameters.length ? `$${count}` : "");
}
/** Before the name of an export: takes its result. */
export const TAKE_PREFIX = "__fibers_take_";
/** Before the number of a suspending import: gives a pending call of it its result. */
export const GIVE_PREFIX = "__fibers_give_";
/** Before the number of a channel's type: gives a pending call of the guest a value for such a channel. */
export const GIVE_ITEM_PREFIX = "__fibers_give_item_";
/** The module by which a guest gives JavaScript the values of channels: a function for each type of them. */
export const STREAMS_MODULE = "as-fibers/streams";
/** Says why a pending call of a suspending import has no result. */
export const REFUSE_EXPORT = "__fibers_refuse";
/** Before the name of an export: the function that calls it, in the fiber. Not exported. */
export const BODY_PREFIX = "__fibers_body_";
export const SAVE_GLOBALS_EXPORT = "__fibers_save_globals";
export const LOAD_GLOBALS_EXPORT = "__fibers_load_globals";
/** The shadow stack's pointer, which the host puts back after a trap. */
export const STACK_POINTER_EXPORT = "__fibers_stack_pointer";
/** The collector's count of the bytes that objects take. */
export const LIVE_BYTES_EXPORT = "__fibers_live_bytes";

/** Gives a program that accepts by WASI calls a listener. */
export const ADD_LISTENER_EXPORT = "__fibers_add_listener";

/** The upper half of a site that an object keeps, so that other bytes are not taken for one: see `assembly/site.ts`. */
export const SITE_TAG = 0x5173_0000;

/** How the names of functions begin that the transform has generated. */
export const GENERATED_PREFIX = "__fibers_";

/** How the names of sources end that the transform has generated. */
export const GENERATED_SUFFIX = "~fibers.ts";

/** What the host decides in place of time and chance: what is drawn; that, and who runs next; that, and it is asked before each switch. */
export const Choosing = { NOTHING: 0, DRAWS: 1, ALL: 2, EACH: 3 } as const;
export type Choosing = (typeof Choosing)[keyof typeof Choosing];

/** What a guest exports, as the host calls it. */
export interface GuestExports {
  memory: WebAssembly.Memory;
  /** Absent in modules without a shadow stack. */
  __fibers_stack_pointer?: WebAssembly.Global;
  /** Absent in modules without a collector. */
  __fibers_live_bytes?: WebAssembly.Global;
  /** Absent in modules that do not import `sock_accept`. */
  __fibers_add_listener?(descriptor: number, handle: number): void;
  /** Absent in modules without suspending imports and streams. */
  __fibers_refuse?(call: number, code: number, message: number): void;
  __fibers_start(): void;
  __fibers_configure(stackLimit: number, redZone: number): void;
  __fibers_completion_buffer(): number;
  __fibers_complete(count: number): void;
  __fibers_turn(budgetNs: number, maxSwitches: number): number;
  __fibers_before_trapped(): void;
  __fibers_trapped(code: number, message: number, frames: number): void;
  __fibers_after_trapped(isExhausted: number): void;
  __fibers_cancel_all(reason: number): void;
  __fibers_new_string(length: number): number;
  __fibers_release_strings(): void;
  __fibers_call_failure(call: number): number;
  __fibers_cancel_call(call: number, reason: number): void;
  __fibers_release_call(call: number): void;
  __fibers_trace_failure(failure: number): number;
  __fibers_trace_fiber(fiber: number): number;
  __fibers_abandon_rewind(): void;
  __fibers_take_report(all: number): number;
  __fibers_report_count(): number;
  __fibers_list(): number;
  __fibers_count(): number;
  __fibers_count_switches(): number;
  __fibers_watch(capacity: number, choosing: Choosing): number;
  __fibers_dead_area(): number;
  __fibers_collect(): void;
  __fibers_is_intact(): number;
  __fibers_record_size(): number;
  __fibers_deadline_of(fiber: number): number;
  __fibers_save_globals(pointer: number): void;
  __fibers_load_globals(pointer: number): void;
}

/** What the operations do stands in `assembly/abi.ts`. */
export const Opcode = {
  WRITE: 1,
  SETTLE: 2,
  CANCEL: 3,
  READ: 4,
  CLOSE: 5,
  SHUTDOWN: 6,
  LISTEN: 7,
  ACCEPT: 8,
  CONNECT: 9,
  ADDRESS: 10,
  LOOKUP: 11,
  CALL: 12,
  LISTEN_UNIX: 13,
  CONNECT_UNIX: 14,
  BIND: 15,
  RECEIVE: 16,
  SEND: 17,
  NO_DELAY: 18,
  KEEP_ALIVE: 19,
  PULL: 20,
  LEAVE: 21,
  DEMAND: 22,
} as const;

/** The ends of a socket, of which `ADDRESS` asks one. */
export const End = { REMOTE: 0, LOCAL: 1 } as const;

/** Bytes before those of a datagram. */
export const DATAGRAM_HEADER = 264;
/** Bytes of them for the host. */
const DATAGRAM_HOST = 256;
const HOST_AT = DATAGRAM_HEADER - DATAGRAM_HOST;

/** As the budget of a turn: what a trap has left of it. */
export const REST_OF_TURN = -1;

/** What `submit` returns when the result comes later. */
export const PENDING = -(2 ** 31);

/** The slot of standard output; other slots belong to operations. */
export const OUTPUT_SLOT = 0;

/** An operation, read out of the guest's memory inside `submit`. */
export interface Operation {
  /** What is asked for: see `Opcode` in assembly/abi.ts. */
  readonly opcode: number;
  /** By which the guest knows it while it is pending; used again afterwards. */
  readonly slot: number;
  /** Tells it from others that had the same slot before. */
  readonly generation: number;
  /** The socket that it is about; 0: none. */
  readonly handle: number;
  /** A port, or what else the verb takes. */
  readonly argument: number;
  /** Where its bytes are in the guest's memory; 0: it has none. */
  readonly pointer: number;
  /** How many bytes. */
  readonly length: number;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

const newOperation = () => ({ opcode: 0, slot: 0, generation: 0, handle: 0, pointer: 0, length: 0, argument: 0 });

/** The end of an operation. */
export interface Completion {
  slot: number;
  generation: number;
  /** Bytes or a handle, ≥ 0; or a negative errno. */
  result: number;
  detail: number;
}

export const COMPLETIONS_CAPACITY = 1024;

const COMPLETION_WORDS = 4;

/** Views over a memory that grows: growing detaches the old ones, which have no length then. Asking the memory itself would cost more. */
export class GuestMemory {
  readonly #memory: WebAssembly.Memory;
  #buffer: ArrayBuffer;
  #words: Uint32Array;
  readonly #views = new ViewCache();

  constructor(memory: WebAssembly.Memory) {
    this.#memory = memory;
    this.#buffer = memory.buffer;
    this.#words = new Uint32Array(this.#buffer);
  }

  #currentWords(): Uint32Array {
    if (!this.#words.length) {
      this.#buffer = this.#memory.buffer;
      this.#words = new Uint32Array(this.#buffer);
      this.#views.clear();
    }
    return this.#words;
  }

  /** So many bytes at this address. Valid until the guest next runs. */
  bytes(pointer: number, length: number): Uint8Array {
    this.#currentWords();
    return this.#views.view(this.#buffer, pointer, length);
  }

  /** What the operation at this address is to do. */
  opcodeAt(pointer: number): number {
    return this.#currentWords()[pointer >>> 2] as number;
  }

  /** Reads the operation at this address. @param into what gets its fields */
  readOperation(pointer: number, into: Writable<Operation> = newOperation()): Operation {
    const words = this.#currentWords();
    const at = pointer >>> 2;
    into.opcode = words[at] as number;
    into.slot = words[at + 1] as number;
    into.generation = words[at + 2] as number;
    into.handle = words[at + 3] as number;
    into.pointer = words[at + 4] as number;
    into.length = words[at + 5] as number;
    into.argument = words[at + 6] as number;
    return into;
  }

  /** Writes one completion into the guest's buffer of them, at this index. */
  writeCompletion(buffer: number, index: number, { slot, generation, result, detail }: Completion): void {
    const words = this.#currentWords();
    const at = (buffer >>> 2) + index * COMPLETION_WORDS;
    words[at] = slot;
    words[at + 1] = generation;
    words[at + 2] = result;
    words[at + 3] = detail;
  }
}

/** The other side of a datagram. */
export interface Correspondent {
  /** An address; of one that is to be sent, also a name. */
  host: string;
  port: number;
}

/** Reads whom a datagram goes to. */
export function readReceiver(datagram: Uint8Array): Correspondent {
  const view = new DataView(datagram.buffer, datagram.byteOffset, HOST_AT);
  const length = Math.min(view.getUint32(4, true), DATAGRAM_HOST);
  const host = Buffer.from(datagram.subarray(HOST_AT, HOST_AT + length)).toString("utf8");
  return { host, port: view.getUint32(0, true) };
}

/** Writes a datagram and whom it has come from, as much of it as there is room for. @returns its length */
export function writeDatagram(into: Uint8Array, bytes: Uint8Array, { host, port }: Correspondent): number {
  const view = new DataView(into.buffer, into.byteOffset, HOST_AT);
  view.setUint32(0, port, true);
  view.setUint32(4, new TextEncoder().encodeInto(host, into.subarray(HOST_AT, DATAGRAM_HEADER)).written, true);
  const room = into.length - DATAGRAM_HEADER;
  into.set(bytes.length > room ? bytes.subarray(0, room) : bytes, DATAGRAM_HEADER);
  return bytes.length;
}

/** Reads an AssemblyScript string. */
export function readString(memory: WebAssembly.Memory, pointer: number): string {
  if (!pointer) return "";
  const length = new DataView(memory.buffer).getUint32(pointer - 4, true) >>> 1;
  // Some of asc's own texts lie where the heap has overwritten them: then there is nothing to read.
  if (pointer + length * 2 > memory.buffer.byteLength) return "";
  const units = new Uint16Array(memory.buffer, pointer, length);
  let text = "";
  for (let i = 0; i < length; i += 4096) text += String.fromCharCode(...units.subarray(i, i + 4096));
  return text;
}

/** Makes an AssemblyScript string. The guest keeps it alive until `__fibers_release_strings`. */
export function newString(guest: GuestExports, text: string): number {
  const pointer = guest.__fibers_new_string(text.length) >>> 0;
  const units = new Uint16Array(guest.memory.buffer, pointer, text.length);
  for (let i = 0; i < text.length; i++) units[i] = text.charCodeAt(i);
  return pointer;
}

/** A failure, read out of the guest's memory. */
export interface FailureFields {
  code: string;
  message: string;
  fiberName: string;
  fiberId: number;
  /** Address of the failure that caused it; 0 for none. */
  cause: number;
  /** Whether it knows where it happened. */
  hasFrames: boolean;
  /** Number of the place where the object was made that it is about; 0 for none. */
  site: number;
  /** Number of the place where the fiber was started; 0 for none. */
  startSite: number;
}

export function readFailure(memory: WebAssembly.Memory, pointer: number): FailureFields {
  const view = new DataView(memory.buffer, pointer, 42);
  return {
    code: readString(memory, view.getUint32(0, true)),
    message: readString(memory, view.getUint32(4, true)),
    fiberName: readString(memory, view.getUint32(8, true)),
    cause: view.getUint32(12, true),
    hasFrames: view.getUint32(24, true) !== 0,
    fiberId: Number(view.getBigInt64(16, true)),
    site: view.getUint32(36, true) & 0xffff,
    startSite: view.getUint16(40, true),
  };
}

/** Makes the string of bytes in which a failure keeps the frames of a trap: index and offset of each, innermost first. */
export function newTrapFrames(guest: GuestExports, frames: { functionIndex: number; offset: number }[]): number {
  const pointer = guest.__fibers_new_string(frames.length * 4) >>> 0;
  const words = new Uint32Array(guest.memory.buffer, pointer, frames.length * 2);
  frames.forEach(({ functionIndex, offset }, i) => words.set([functionIndex, offset], i * 2));
  return pointer;
}

/** The frames of the trap by which a fiber failed; null when it failed otherwise. */
export function readTrapFrames(
  memory: WebAssembly.Memory,
  failure: number,
): { functionIndex: number; offset: number; name: string }[] | null {
  const view = new DataView(memory.buffer);
  const frames = view.getUint32(failure + 24, true);
  const isTrap = view.getUint32(failure + 32, true) === 0;
  if (!frames || !isTrap) return null;
  const words = new Uint32Array(memory.buffer, frames, view.getUint32(frames - 4, true) >>> 2);
  const found = [];
  for (let i = 0; i < words.length; i += 2)
    found.push({ functionIndex: words[i] ?? 0, offset: words[i + 1] ?? 0, name: "" });
  return found;
}
