/** Looks now and then whether fibers wait for each other in a circle, while others go on, and says so, once for each circle. */
import type { App } from "../app.ts";

/** Milliseconds between two looks. */
const PERIOD = 1000;
/** A look may take this part of the time. */
const SHARE = 0.01;

export class DeadlockWatch {
  readonly #app: App;
  readonly #say: (text: string) => void;
  readonly #known = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  constructor(app: App, say: (text: string) => void) {
    this.#app = app;
    this.#say = say;
    this.#lookIn(PERIOD);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #lookIn(milliseconds: number): void {
    // It keeps no program alive.
    this.#timer = setTimeout(() => this.#look(), milliseconds).unref();
  }

  #look(): void {
    const begin = performance.now();
    for (const { fibers, report } of this.#app.findDeadlocks()) {
      const circle = fibers.map(({ id }) => id).join();
      if (!this.#known.has(circle)) this.#say(`as-fibers: ${report}`);
      this.#known.add(circle);
    }
    this.#lookIn(Math.max(PERIOD, (performance.now() - begin) / SHARE));
  }
}
