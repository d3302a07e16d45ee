/** The listeners that are opened before a program starts, for those that accept connections by WASI calls. */
import { type Operation, Opcode, PENDING } from "./abi.ts";
import type { Driver, Outcome } from "./driver.ts";
import { Errno } from "./errno.ts";
import { FibersError } from "./errors.ts";

/** Where to listen: the port alone on 127.0.0.1; 0 for one that is free. */
export type ListenPlace = number | { host?: string; port: number; descriptor?: number };

/** One that is open. */
export interface Listener {
  /** The program's number for it. */
  descriptor: number;
  /** The driver's. */
  handle: number;
  port: number;
}

/** The first descriptor behind the standard streams. */
const FIRST_DESCRIPTOR = 3;
/** The program's connections have numbers from here on. */
const FIRST_CONNECTION = 65_536;

/** Checks the option `listen`. @throws E_INVALID_OPTION */
export function checkPlaces(places: unknown): Required<Exclude<ListenPlace, number>>[] {
  if (!Array.isArray(places)) throw invalid(`listen is a list of ports or { host, port }, and got ${String(places)}`);
  const checked = places.map((place: ListenPlace | null, index) => {
    const {
      host = "127.0.0.1",
      port,
      descriptor = FIRST_DESCRIPTOR + index,
    } = typeof place === "number" ? { port: place } : (place ?? { port: Number.NaN });
    if (typeof host !== "string" || !host)
      throw invalid(`listen: a host is a name or address, and got ${String(host)}`);
    if (!isInteger(port, 0, 65_535))
      throw invalid(`listen: a port is a number from 0 to 65535, and got ${String(port)}`);
    if (!isInteger(descriptor, FIRST_DESCRIPTOR, FIRST_CONNECTION - 1)) {
      throw invalid(`listen: a descriptor is a number from 3 to 65535, and got ${String(descriptor)}`);
    }
    return { host, port, descriptor };
  });
  const descriptors = checked.map(({ descriptor }) => descriptor);
  const twice = descriptors.find((descriptor, index) => descriptors.indexOf(descriptor) !== index);
  if (twice !== undefined) throw invalid(`listen: two listeners have the descriptor ${twice}`);
  return checked;
}

function isInteger(value: unknown, least: number, most: number): boolean {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
}

function invalid(message: string): FibersError {
  return new FibersError("E_INVALID_OPTION", message);
}

interface End {
  outcome: number | Outcome;
  detail: number;
}

export class Listeners {
  readonly #driver: Driver;
  readonly #opening = new Map<Operation, (end: End) => void>();

  constructor(driver: Driver) {
    this.#driver = driver;
  }

  /** The driver says that an operation has ended. @returns whether it was one of these */
  complete(operation: Operation, outcome: number | Outcome, detail: number): boolean {
    const settle = this.#opening.get(operation);
    settle?.({ outcome, detail });
    return this.#opening.delete(operation);
  }

  /** Opens one after the other. @throws what the system says, by its code */
  async open(places: Required<Exclude<ListenPlace, number>>[]): Promise<Listener[]> {
    const opened: Listener[] = [];
    for (const { host, port, descriptor } of places) {
      const { outcome, detail } = await this.#listen(host, port);
      const handle = typeof outcome === "number" ? outcome : outcome.take(new Uint8Array());
      if (handle < 0) throw refusal(`${host}:${port}`, -handle);
      opened.push({ descriptor, handle, port: detail });
    }
    return opened;
  }

  #listen(host: string, port: number): Promise<End> {
    const bytes = new TextEncoder().encode(host);
    const { LISTEN: opcode } = Opcode;
    const operation = { opcode, slot: 1, generation: 0, handle: 0, pointer: 0, length: bytes.length, argument: port };
    return new Promise((resolve) => {
      this.#opening.set(operation, resolve);
      const result = this.#driver.submit(operation, bytes);
      if (result !== PENDING) this.complete(operation, result, 0);
    });
  }
}

function refusal(place: string, errno: number): FibersError {
  const [code = "EIO"] = Object.entries(Errno).find(([, number]) => number === errno) ?? [];
  return new FibersError(code, `cannot listen on ${place}: the system says ${code}`);
}
