/** A driver by itself: operations are handed to it and taken from it by hand, for states that a program cannot be brought into. */
import type { Driver, DriverSink } from "as-fibers";
import { Opcode, type Operation, PENDING } from "../../host/abi.ts";
import type { Scene, World } from "./world.ts";

/** What bytes are overwritten with: the pattern has it too, but not in a row. */
const FOREIGN_BYTE = 0x21;

type Ending = Parameters<DriverSink["complete"]>;

export interface Request {
  opcode: number;
  handle?: number;
  argument?: number;
  bytes?: Uint8Array | string;
}

/** An operation that was handed out, and what became of it. */
export class Attempt {
  /** What `submit` returned; undefined while it is pending. */
  result: number | undefined;
  detail = 0;
  ending: Ending | undefined;
  /** The bytes of its outcome are wanted: the next turn takes them. */
  isWanted = false;
  isCancelled = false;
  /** How many times the driver has said that it ended. */
  endings = 0;

  constructor(
    readonly operation: Operation,
    /** Its bytes: what is written, or where to read to. */
    readonly bytes: Uint8Array,
  ) {}

  get text(): string {
    return Buffer.from(this.bytes.subarray(0, Math.max(this.result ?? 0, 0))).toString();
  }
}

/** Stands for the runtime: submits in turns, and takes only what the test asks for. */
export interface Bench {
  /** Does something inside a turn, as the guest would. */
  inTurn<Result>(action: () => Result): Promise<Result>;
  /** Hands out an operation; only inside a turn. */
  submit(request: Request): Attempt;
  /** Hands out an operation in a turn of its own. */
  begin(request: Request): Promise<Attempt>;
  cancel(attempt: Attempt): void;
  /** Uses the bytes of an operation for something else; only inside a turn. */
  overwrite(attempt: Attempt): void;
  /** Waits until it has ended, and takes the outcome. */
  taken(attempt: Attempt): Promise<number>;
  /** Hands out an operation, waits for its end, and takes the outcome. */
  run(request: Request): Promise<number>;
  /** The bytes of an operation as they are now. */
  bytesOf(attempt: Attempt): Promise<Uint8Array>;
  /** The port of a listener that has been taken. */
  portOf(attempt: Attempt): number;

  /** What follows is for tests that need the world's `driver`. */
  readonly driver: Driver;
  /** Turns so far. */
  readonly turns: number;
  /** Turns that the driver took inside another, or inside `submit`. */
  readonly nestedTurns: number;
  /** Calls of the sink after `close`. */
  readonly lateCalls: number;
  /** Waits until the driver has said that it ended, and takes nothing. */
  completed(attempt: Attempt): Promise<void>;
  /** Waits for the next turn that the driver asks for by itself. @returns the driver's time in it */
  nextTurn(): Promise<number>;
  /** The runtime's last word. */
  close(): void;
}

/** Of a driver of JavaScript's. */
export class DriverBench implements Bench {
  readonly #attempts = new Map<Operation, Attempt>();
  readonly #actions: (() => void)[] = [];
  readonly #watchers = new Set<() => void>();
  #nextSlot = 1;
  #isInTurn = false;
  nestedTurns = 0;
  lateCalls = 0;
  turns = 0;
  #isClosed = false;

  constructor(readonly driver: Driver) {
    driver.open({
      complete: (...ending) => this.#complete(ending),
      turn: () => this.#turn(),
    });
  }

  inTurn<Result>(action: () => Result): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#actions.push(() => {
        try {
          resolve(action());
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      });
      this.driver.soon();
    });
  }

  submit({ opcode, handle = 0, argument = 0, bytes = "" }: Request): Attempt {
    const own = typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes;
    const slot = this.#nextSlot++;
    const operation = { opcode, slot, generation: 0, handle, argument, pointer: 0, length: own.length };
    const attempt = new Attempt(operation, own);
    this.#attempts.set(operation, attempt);
    const result = this.driver.submit(operation, own);
    if (result !== PENDING) attempt.result = result | 0;
    return attempt;
  }

  begin(request: Request): Promise<Attempt> {
    return this.inTurn(() => this.submit(request));
  }

  cancel(attempt: Attempt): void {
    attempt.isCancelled = true;
    this.driver.cancel(attempt.operation);
  }

  overwrite(attempt: Attempt): void {
    attempt.bytes.fill(FOREIGN_BYTE);
  }

  bytesOf(attempt: Attempt): Promise<Uint8Array> {
    return Promise.resolve(attempt.bytes);
  }

  portOf(attempt: Attempt): number {
    return attempt.detail;
  }

  async completed(attempt: Attempt): Promise<void> {
    while (!attempt.ending) await this.#change();
  }

  async taken(attempt: Attempt): Promise<number> {
    attempt.isWanted = true;
    if (attempt.ending) this.driver.soon();
    while (attempt.result === undefined) await this.#change();
    return attempt.result;
  }

  async run(request: Request): Promise<number> {
    return this.taken(await this.begin(request));
  }

  async nextTurn(): Promise<number> {
    const before = this.turns;
    while (this.turns === before) await this.#change();
    return this.driver.now();
  }

  close(): void {
    this.driver.close();
    this.#isClosed = true;
  }

  #complete(ending: Ending): void {
    if (this.#isClosed) this.lateCalls++;
    const attempt = this.#attempts.get(ending[0]);
    if (!attempt) return;
    attempt.endings++;
    attempt.ending = ending;
    this.#tellWatchers();
    this.driver.soon();
  }

  #turn(): void {
    if (this.#isClosed) this.lateCalls++;
    if (this.#isInTurn) this.nestedTurns++;
    this.turns++;
    this.#isInTurn = true;
    for (const attempt of this.#attempts.values()) this.#take(attempt);
    for (const action of this.#actions.splice(0)) action();
    this.#isInTurn = false;
    if (this.#isClosed) return;
    if (this.#actions.length) this.driver.soon();
    else this.driver.arm(Infinity);
    this.#tellWatchers();
  }

  #take(attempt: Attempt): void {
    const { ending } = attempt;
    if (!ending || !attempt.isWanted || attempt.isCancelled || attempt.result !== undefined) return;
    const [, outcome, detail = 0] = ending;
    attempt.detail = detail;
    // As 32 bits, which is how the guest gets it.
    attempt.result = (typeof outcome === "number" ? outcome : outcome.take(attempt.bytes)) | 0;
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#watchers.add(resolve));
  }

  #tellWatchers(): void {
    const watchers = [...this.#watchers];
    this.#watchers.clear();
    for (const watcher of watchers) watcher();
  }
}

const open: { bench: Bench; scene: Scene }[] = [];

/** A driver in its world, and nothing that runs on it. */
export async function openBench(world: World, options?: { stdin?: string }) {
  const scene = await world.open(options);
  const bench = await scene.openBench();
  open.push({ bench, scene });
  return { bench, scene };
}

/** For `afterEach`. */
export async function closeBenches(): Promise<void> {
  for (const { bench, scene } of open.splice(0)) {
    bench.close();
    await scene.close();
  }
}

/** Listens: the handle and the port. */
export async function listenOn(bench: Bench, port = 0) {
  const attempt = await bench.begin({ opcode: Opcode.LISTEN, argument: port, bytes: "127.0.0.1" });
  const handle = await bench.taken(attempt);
  return { handle, port: bench.portOf(attempt) };
}

/** A connection: the driver's handle of it, and the peer. */
export async function openConnection(bench: Bench, scene: Scene) {
  const listener = await listenOn(bench);
  const accepting = await bench.begin({ opcode: Opcode.ACCEPT, handle: listener.handle });
  const peer = await scene.connect(listener.port);
  return { handle: await bench.taken(accepting), peer, listener };
}

/** Writes until a write is pending: the bytes that went before, and that write. */
export async function fillConnection(
  bench: Bench,
  handle: number,
  bytes: (from: number, length: number) => Uint8Array,
) {
  const length = 1 << 16;
  for (let sent = 0; ; sent += length) {
    const attempt = await bench.begin({ opcode: Opcode.WRITE, handle, bytes: bytes(sent, length) });
    if (attempt.result === undefined) return { sent, attempt };
  }
}

/** What a peer sees at the end: its bytes, and `end` or the code of an error. */
export async function endOf(peer: { read(count: number): Promise<Buffer> }): Promise<string> {
  try {
    const bytes = await peer.read(1);
    return bytes.length ? bytes.toString() : "end";
  } catch (error) {
    return (error as { code: string }).code;
  }
}
