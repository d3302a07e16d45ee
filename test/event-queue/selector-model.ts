/** A small model of the selector's contract: which events a look may bring, and which it has to. */
import { EDGE, LEVEL, ONESHOT } from "./setup.ts";

/** A pipe, and the registration of its reading end. */
export interface Pipe {
  bytes: number;
  isHungUp: boolean;
  isRegistered: boolean;
  /** The pipe that had its number before was closed without deregistering it. */
  isLeft: boolean;
  token: number;
  mode: number;
  /** Oneshot: not spent. */
  isArmed: boolean;
  /** Edge: the program has gone on until it would have had to wait, or has not been told anything yet. */
  isExhausted: boolean;
  /** Edge: has to be told, when it is still ready. */
  isDue: boolean;
  /** Edge: something has come that may be told or not. */
  isPossible: boolean;
}

export class SelectorModel {
  readonly pipes: Pipe[];

  constructor(count: number) {
    this.pipes = Array.from({ length: count }, newPipe);
  }

  replace(index: number, isLeft: boolean): void {
    this.pipes[index] = { ...newPipe(), isLeft };
  }

  /** Registers or modifies. */
  arm(pipe: Pipe, token: number, mode: number): void {
    Object.assign(pipe, {
      isRegistered: true,
      isLeft: false,
      token,
      mode,
      isArmed: true,
      isExhausted: true,
      isPossible: false,
    });
    pipe.isDue = isReady(pipe);
  }

  write(pipe: Pipe, count: number): void {
    pipe.bytes += count;
    this.#arrive(pipe);
  }

  hangUp(pipe: Pipe): void {
    pipe.isHungUp = true;
    this.#arrive(pipe);
  }

  /** Reads some, but not until it would have to wait. */
  read(pipe: Pipe, count: number): number {
    const taken = Math.min(pipe.bytes, count);
    pipe.bytes -= taken;
    return taken;
  }

  /** Reads until it would have to wait, or to the end. */
  drain(pipe: Pipe): number {
    const taken = pipe.bytes;
    pipe.bytes = 0;
    if (!pipe.isHungUp) Object.assign(pipe, { isExhausted: true, isDue: false, isPossible: false });
    return taken;
  }

  /** The events that a look has to bring, and those that it may. */
  expected(): { due: string[]; possible: string[] } {
    const ready = this.pipes.filter((pipe) => pipe.isRegistered && isReady(pipe));
    const due = ready.filter(
      ({ mode, isArmed, isDue }) => mode === LEVEL || (mode === ONESHOT && isArmed) || (mode === EDGE && isDue),
    );
    const possible = ready.filter(({ mode, isPossible }) => mode === EDGE && isPossible);
    return { due: due.map(describe), possible: [...due, ...possible].map(describe) };
  }

  /** A look has brought these. */
  told(events: string[]): void {
    for (const pipe of this.pipes) {
      if (!pipe.isRegistered) continue;
      if (events.includes(describe(pipe))) Object.assign(pipe, { isArmed: false, isExhausted: false });
      if (!isReady(pipe) || events.includes(describe(pipe))) Object.assign(pipe, { isDue: false, isPossible: false });
    }
  }

  #arrive(pipe: Pipe): void {
    if (pipe.isExhausted) pipe.isDue = true;
    else pipe.isPossible = true;
  }
}

function newPipe(): Pipe {
  return {
    bytes: 0,
    isHungUp: false,
    isRegistered: false,
    isLeft: false,
    token: 0,
    mode: ONESHOT,
    isArmed: false,
    isExhausted: true,
    isDue: false,
    isPossible: false,
  };
}

function isReady({ bytes, isHungUp }: Pipe): boolean {
  return bytes > 0 || isHungUp;
}

function describe({ token, isHungUp }: Pipe): string {
  return `${token}:r${isHungUp ? "h" : ""}`;
}
