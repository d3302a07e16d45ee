/**
 * The operations in flight: what the guest has submitted and not been told the end of.
 *
 * The guest knows them by slot and generation; the driver by the object that it was given. A cancelled one is gone from here at once, and
 * its outcome is not taken.
 */
import {
  COMPLETIONS_CAPACITY,
  type GuestExports,
  GuestMemory,
  Opcode,
  type Operation,
  OUTPUT_SLOT,
  PENDING,
} from "./abi.ts";
import type { Driver, Outcome } from "./driver.ts";

const WITH_HANDLE: ReadonlySet<number> = new Set([
  Opcode.READ,
  Opcode.WRITE,
  Opcode.ACCEPT,
  Opcode.RECEIVE,
  Opcode.SEND,
]);

/** Who serves operations in the driver's place. */
export interface Server {
  /** Begins the operation at this address. @returns what is pending now, or the result */
  begin(memory: GuestMemory, pointer: number): Operation | number;
  cancel(operation: Operation): void;
}

interface Ended {
  operation: Operation;
  outcome: number | Outcome;
  detail: number;
}

export class Operations {
  readonly #driver: Driver;
  readonly #servers: readonly (Server | undefined)[];
  #guest!: GuestExports;
  #memory!: GuestMemory;
  /** By their slots, of which the guest takes small ones first, and again. */
  readonly #pending: (Operation | undefined)[] = [];
  #pendingCount = 0;
  #ended: Ended[] = [];

  /** @param servers who serves what the driver does not, by opcode */
  constructor(driver: Driver, servers: readonly (Server | undefined)[] = []) {
    this.#driver = driver;
    this.#servers = servers;
  }

  /** The guest that they belong to. */
  attach(guest: GuestExports): void {
    this.#guest = guest;
    this.#memory = new GuestMemory(guest.memory);
  }

  /** How many are pending; output is not counted, since no fiber waits for a write of its own. */
  get pendingCount(): number {
    return this.#pendingCount;
  }

  /** What the pending operation of this slot is about: a socket, or a standard stream. Undefined: about none that exists yet. */
  handleOf(slot: number): number | undefined {
    const operation = this.#pending[slot];
    return operation && WITH_HANDLE.has(operation.opcode) ? operation.handle : undefined;
  }

  /** Whether some have ended and are not delivered. */
  get hasEnded(): boolean {
    return this.#ended.length > 0;
  }

  /** What the operation at this address is to do. */
  opcodeAt(pointer: number): number {
    return this.#memory.opcodeAt(pointer);
  }

  /** Reads it out of the guest's memory. */
  read(pointer: number): Operation {
    return this.#memory.readOperation(pointer);
  }

  /** Begins the operation at this address. @returns its result, or PENDING */
  submit(pointer: number): number {
    const opcode = this.opcodeAt(pointer);
    const server = this.#servers[opcode];
    if (server) return this.#serve(server, pointer);
    const operation = this.read(pointer);
    if (opcode === Opcode.CANCEL) return this.#cancel(operation);
    const result = this.#driver.submit(operation, this.#memory.bytes(operation.pointer, operation.length));
    if (result === PENDING && operation.slot !== OUTPUT_SLOT) this.#add(operation);
    return result;
  }

  #serve(server: Server, pointer: number): number {
    const begun = server.begin(this.#memory, pointer);
    if (typeof begun === "number") return begun;
    this.#add(begun);
    return PENDING;
  }

  #add(operation: Operation): void {
    this.#pending[operation.slot] = operation;
    this.#pendingCount++;
  }

  #remove(slot: number): void {
    this.#pending[slot] = undefined;
    this.#pendingCount--;
  }

  #cancel({ slot, generation }: Operation): number {
    const operation = this.#pending[slot];
    if (operation?.generation === generation) {
      this.#remove(slot);
      (this.#servers[operation.opcode] ?? this.#driver).cancel(operation);
    }
    return 0;
  }

  /** The instance has ended: nobody waits for what is served here any more. The driver is closed by itself. */
  close(): void {
    for (const operation of this.#pending) if (operation) this.#servers[operation.opcode]?.cancel(operation);
  }

  /** The driver says that an operation has ended. */
  complete(operation: Operation, outcome: number | Outcome, detail: number): void {
    this.#ended.push({ operation, outcome, detail });
  }

  /** Delivers what has ended, in batches. */
  deliver(): void {
    while (this.#ended.length) {
      const batch =
        this.#ended.length > COMPLETIONS_CAPACITY ? this.#ended.splice(0, COMPLETIONS_CAPACITY) : this.#ended;
      if (batch === this.#ended) this.#ended = [];
      const count = this.#write(batch);
      if (count) this.#guest.__fibers_complete(count);
    }
  }

  #write(batch: Ended[]): number {
    const buffer = this.#guest.__fibers_completion_buffer() >>> 0;
    let count = 0;
    for (const { operation, outcome, detail } of batch) {
      const { slot, generation, pointer } = operation;
      // Cancelled meanwhile: nothing is taken.
      if (slot !== OUTPUT_SLOT && this.#pending[slot] !== operation) continue;
      const result = typeof outcome === "number" ? outcome : outcome.take(this.#room(pointer, roomOf(operation)));
      // Nothing was there after all: it still waits.
      if (result === PENDING) continue;
      if (slot !== OUTPUT_SLOT) this.#remove(slot);
      this.#memory.writeCompletion(buffer, count++, { slot, generation, result, detail });
    }
    return count;
  }

  /** The bytes that an outcome may write. Most that write none are asked for none: a view takes longer than all else. */
  #room(pointer: number, length: number): Uint8Array {
    return length ? this.#memory.bytes(pointer, length) : NO_BYTES;
  }
}

const NO_BYTES = new Uint8Array();

/** How many bytes an outcome may write. A lookup's name is shorter than the room for its answer. */
function roomOf({ opcode, length, argument }: Operation): number {
  return opcode === Opcode.LOOKUP ? argument : length;
}
