/**
 * Tells when one of the files that were read to compile a program changes.
 *
 * It looks at their times and sizes, a few times a second: that finds every way in which editors write files, on every file system. Only
 * the program's own files are looked at, which are few: not those that npm has installed.
 */
import { statSync } from "node:fs";
import path from "node:path";
import { isCurrent, pathOf, type Reads } from "./build-cache.ts";

/** Milliseconds between two looks. */
const PERIOD = 100;

export class SourceWatch {
  readonly #change = new AbortController();
  #stamps = new Map<string, string>();
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;
  /** The file that has changed, as seen from the working directory. */
  changedFile = "";

  /** Aborted once something has changed. */
  get changed(): AbortSignal {
    return this.#change.signal;
  }

  /** What was read is known. */
  get hasBegun(): boolean {
    return this.#stamps.size > 0;
  }

  /** Begins with what was read, which may have changed since. */
  begin(reads: Reads): void {
    const own = [...reads].filter(([question]) => !pathOf(question).split(path.sep).includes("node_modules"));
    this.#stamps = new Map(own.map(([question]) => [pathOf(question), stampOf(pathOf(question))]));
    // What cannot be read now will have another time when it can.
    void Promise.all(own.map((read) => isCurrent(new Map([read])).catch(() => true))).then((areSame) => {
      const changed = own.find((_, i) => !areSame[i]);
      if (changed) this.#report(pathOf(changed[0]));
      else this.#lookLater();
    });
  }

  /** Waits until something has changed, or this signal comes. */
  async change(until: AbortSignal): Promise<void> {
    const either = AbortSignal.any([this.changed, until]);
    if (!either.aborted) await new Promise((resolve) => either.addEventListener("abort", resolve, { once: true }));
  }

  /** Looks no more. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  #lookLater(): void {
    if (!this.#isStopped) this.#timer = setTimeout(() => this.#look(), PERIOD);
  }

  #look(): void {
    const found = [...this.#stamps].find(([file, stamp]) => stampOf(file) !== stamp)?.[0];
    if (found === undefined) this.#lookLater();
    else this.#settle(found);
  }

  /** An editor may be in the middle of writing: it has ended when nothing changes for a while. */
  #settle(changed: string): void {
    const before = this.#stampAll();
    this.#timer = setTimeout(() => {
      const after = this.#stampAll();
      if (before === after) this.#report(changed);
      else this.#settle(changed);
    }, PERIOD);
  }

  #stampAll(): string {
    return [...this.#stamps.keys()].map(stampOf).join();
  }

  #report(file: string): void {
    this.changedFile = path.relative(process.cwd(), file);
    this.#change.abort();
  }
}

/** What changes when the file does; the same text for all that are not there. */
function stampOf(file: string): string {
  const found = statSync(file, { throwIfNoEntry: false });
  return found ? `${found.mtimeMs} ${found.size} ${found.ino}` : "none";
}
