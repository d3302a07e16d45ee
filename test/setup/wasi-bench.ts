/**
 * Operations by hand on driver `wasi`: each is made by a fiber of the program, since the driver can be reached from nowhere else. What is
 * asked for in one turn goes there in one message.
 */
import type { Driver } from "as-fibers";
import { Attempt, type Bench, type Request } from "./driver-bench.ts";
import type { Session, Value } from "./wasi-session.ts";

/** The listener that commands come from is 3. */
const FIRST_LISTENER = 4;

export class WasiBench implements Bench {
  readonly #session: Session;
  /** Attempt → its number in the program. */
  readonly #numbers = new Map<Attempt, number>();
  #turn: Value[] = [];

  constructor(session: Session) {
    this.#session = session;
  }

  async inTurn<Result>(action: () => Result): Promise<Result> {
    const first = this.#numbers.size;
    const result = action();
    const results = (await this.#session.call("batch", ...this.#turn.splice(0))) as string;
    const begun = [...this.#numbers.keys()].slice(first);
    for (const [i, text] of results.split(" ").slice(0, begun.length).entries()) {
      const attempt = begun[i];
      if (attempt && text !== "pending") attempt.result = Number(text);
    }
    return result;
  }

  submit({ opcode, handle = 0, argument = 0, bytes = "" }: Request): Attempt {
    const own = typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes;
    const slot = this.#numbers.size;
    const attempt = new Attempt(
      { opcode, slot, generation: 0, handle, argument, pointer: 0, length: own.length },
      own.slice(),
    );
    this.#numbers.set(attempt, slot);
    this.#turn.push("begin", opcode, handle, argument, own.slice());
    return attempt;
  }

  begin(request: Request): Promise<Attempt> {
    return this.inTurn(() => this.submit(request));
  }

  cancel(attempt: Attempt): void {
    this.#turn.push("cancel", this.#numberOf(attempt));
  }

  overwrite(attempt: Attempt): void {
    this.#turn.push("overwrite", this.#numberOf(attempt));
  }

  async taken(attempt: Attempt): Promise<number> {
    if (attempt.result === undefined)
      attempt.result = (await this.#session.call("take", this.#numberOf(attempt))) as number;
    attempt.bytes.set(await this.bytesOf(attempt));
    attempt.endings = 1;
    return attempt.result;
  }

  async run(request: Request): Promise<number> {
    return this.taken(await this.begin(request));
  }

  async bytesOf(attempt: Attempt): Promise<Uint8Array> {
    return new Uint8Array((await this.#session.call("bytes", this.#numberOf(attempt))) as Uint8Array);
  }

  portOf({ result = 0 }: Attempt): number {
    return this.#session.ports[result - FIRST_LISTENER] ?? 0;
  }

  #numberOf(attempt: Attempt): number {
    const number = this.#numbers.get(attempt);
    if (number === undefined) throw new Error("this operation was not begun here");
    return number;
  }

  get driver(): Driver {
    return this.#refuse();
  }

  get turns(): number {
    return this.#refuse();
  }

  get nestedTurns(): number {
    return this.#refuse();
  }

  get lateCalls(): number {
    return this.#refuse();
  }

  completed(_attempt: Attempt): Promise<void> {
    return this.#refuse();
  }

  nextTurn(): Promise<number> {
    return this.#refuse();
  }

  /** The program ends with its scene. */
  close(): void {}

  #refuse(): never {
    throw new Error("the driver of this world is a part of the program: a test that needs it has to say so");
  }
}
