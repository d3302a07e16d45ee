/** What a back end reports to while a selector waits: drops what is out of date, and makes events of the rest. */
import type { Report } from "./back-end.ts";
import type { Events } from "./events.ts";
import { HINTS, Mode } from "./interest.ts";
import type { Registrations } from "./registrations.ts";

export class Collector implements Report {
  readonly #registrations: Registrations;
  readonly #takeOwn: (fd: number) => boolean;
  #events: Events | null = null;

  /** @param takeOwn takes a descriptor that is the selector's own, of which no program is told; false for any other */
  constructor(registrations: Registrations, takeOwn: (fd: number) => boolean) {
    this.#registrations = registrations;
    this.#takeOwn = takeOwn;
  }

  /** Whether a wait goes on. */
  get isBusy(): boolean {
    return this.#events !== null;
  }

  /** A wait begins, which fills these. */
  begin(events: Events): void {
    events.begin(this.#registrations);
    this.#events = events;
  }

  end(): void {
    this.#events = null;
  }

  get room(): number {
    return this.#events ? this.#events.capacity - this.#events.length : 0;
  }

  get isFull(): boolean {
    return this.room === 0;
  }

  report(fd: number, generation: number, flags: number): boolean {
    const registrations = this.#registrations;
    if (!registrations.isCurrent(fd, generation)) return false;
    if (this.#takeOwn(fd)) return true;
    const ready = flags & registrations.interests(fd);
    if (!ready) return true;
    if (registrations.mode(fd) === Mode.ONESHOT) registrations.disarm(fd);
    const hints = flags & HINTS;
    this.#events?.add(fd, generation, ready | hints, registrations.tokenLow(fd), registrations.tokenHigh(fd));
    return true;
  }
}
