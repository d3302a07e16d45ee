/** `Entries`: the generated functions of a module, by what they are for. Each is looked up once, since its name is made of several parts. */
import { GIVE_PREFIX, startName, TAKE_PREFIX } from "./abi.ts";
import type { ExportDescription } from "./section.ts";

/** Raw or adapted. */
export type EntryFunction<Value> = (...values: Value[]) => Value;

interface Entry<Value> {
  /** By the number of arguments. */
  starts: (EntryFunction<Value> | undefined)[];
  take: EntryFunction<Value> | undefined;
}

export class Entries<Value> {
  readonly #functions: Record<string, EntryFunction<Value>>;
  readonly #entries = new Map<ExportDescription, Entry<Value>>();
  readonly #gives: (EntryFunction<Value> | undefined)[] = [];

  /** @param functions the exports of the instance */
  constructor(functions: Record<string, EntryFunction<Value>>) {
    this.#functions = functions;
  }

  /** What starts an export with so many of its arguments. */
  start(description: ExportDescription, count: number): EntryFunction<Value> {
    const { starts } = this.#entryOf(description);
    return (starts[count] ??= this.#function(startName(description, count)));
  }

  /** What takes its result. */
  take(description: ExportDescription): EntryFunction<Value> {
    const entry = this.#entryOf(description);
    return (entry.take ??= this.#function(TAKE_PREFIX + description.name));
  }

  /** What gives a call of the suspending import of this number its result. */
  give(index: number): EntryFunction<Value> {
    return (this.#gives[index] ??= this.#function(GIVE_PREFIX + index));
  }

  #entryOf(description: ExportDescription): Entry<Value> {
    let entry = this.#entries.get(description);
    if (!entry) this.#entries.set(description, (entry = { starts: [], take: undefined }));
    return entry;
  }

  #function(name: string): EntryFunction<Value> {
    return this.#functions[name] as EntryFunction<Value>;
  }
}
