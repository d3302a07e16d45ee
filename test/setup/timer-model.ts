/** What programs of two timers must log: a reference model of `executeTimers` in test/guests/alarms.ts, which says what the words mean. */

interface Wait {
  deadline: number;
  /** Among equal deadlines, the first to be armed comes first. */
  sequence: number;
  /** What goes on when it is woken: by its deadline, or by a timer that was stopped. */
  wake(byStop?: number): void;
  /** The timers in whose queues it stands, by their numbers. */
  timers: number[];
  /** When it is woken by itself, and by which of its cases. */
  measure(): number;
}

interface Fiber {
  number: number;
  words: string[];
  wait: Wait | undefined;
  state: "ready" | "parked" | "done" | "cancelled";
  result: string;
  /** It was woken with something, and then cancelled: that strikes at its next wait. */
  isGiven: boolean;
  isPending: boolean;
}

interface Timer {
  deadline: number;
  isStopped: boolean;
}

class World {
  clock = 0;
  log: string[] = [];
  timers: Timer[] = [
    { deadline: 10, isStopped: false },
    { deadline: Infinity, isStopped: false },
  ];
  fibers: Fiber[];
  #ready: Fiber[];
  /** In the order in which they have begun. */
  #waits: { fiber: Fiber; wait: Wait }[] = [];
  #sequence = 0;
  #guard = 1000;

  constructor(program: string) {
    this.fibers = program.split(" | ").map((text, number) => ({
      number,
      words: text.split(" "),
      wait: undefined,
      state: "ready",
      result: "",
      isGiven: false,
      isPending: false,
    }));
    this.#ready = [...this.fibers];
  }

  run(): string {
    while (this.fibers.some(({ state }) => state === "ready" || state === "parked")) {
      for (let fiber = this.#ready.shift(); fiber; fiber = this.#ready.shift()) this.#resume(fiber);
      if (this.#waits.length) this.#advance();
    }
    const ends = this.fibers.map(({ state }) => `${state === "done"} `).join("");
    return [...this.log, `${ends}0`].join("\n");
  }

  #advance(): void {
    const next = Math.min(...this.#waits.map(({ wait }) => wait.deadline));
    // The guard was armed before those of the same time.
    if (this.#guard <= next) {
      this.clock = this.#guard;
      this.#guard += 1000;
      this.#expire();
      for (const number of [0, 1]) this.#stop(number);
      return;
    }
    this.clock = next;
    this.#expire();
  }

  #expire(): void {
    const due = this.#waits
      .filter(({ wait }) => wait.deadline <= this.clock)
      .toSorted((a, b) => a.wait.deadline - b.wait.deadline || a.wait.sequence - b.wait.sequence);
    for (const { wait } of due) wait.wake();
  }

  #resume(fiber: Fiber): void {
    if (fiber.state === "cancelled") return;
    const word = fiber.words[0];
    if (fiber.wait && word !== undefined) {
      fiber.wait = undefined;
      this.#note(fiber, word, fiber.result);
    }
    for (let next = fiber.words[0]; next !== undefined; next = fiber.words[0]) {
      const result = this.#perform(fiber, next);
      if (result === undefined) {
        fiber.isGiven = false;
        if (fiber.isPending) this.#cancel(fiber);
        return;
      }
      this.#note(fiber, next, result);
    }
    fiber.state = "done";
  }

  #note(fiber: Fiber, word: string, result: string): void {
    this.log.push(`${fiber.number} ${word} ${result} ${show(this.clock)}`);
    fiber.words.shift();
  }

  /** What it gives; undefined: it waits. */
  #perform(fiber: Fiber, word: string): string | undefined {
    const verb = word[0];
    const which = Number(word[1]);
    const time = Number(word.slice(word.indexOf(":") < 0 ? 1 : word.indexOf(":") + 1));
    if (verb === "s") return this.#wait(fiber, [], () => ({ deadline: this.clock + time, result: "" }));
    if (verb === "w") return this.#waitForTimer(fiber, which);
    if (verb === "S") return this.#select(fiber, [which], time);
    if (verb === "B") return this.#select(fiber, [1, 0, 1], time);
    if (verb === "t") return `${this.#isDue(which)} ${this.#isRunning(which)}`;
    if (verb === "x") return `${this.#stop(which)}`;
    if (verb === "r") return `${this.#reset(which, this.clock + time)}`;
    if (which !== fiber.number) this.#cancel(this.fibers[which] as Fiber);
    return "";
  }

  #timer(which: number): Timer {
    return this.timers[which] as Timer;
  }

  #isRunning(which: number): boolean {
    return !this.#timer(which).isStopped && this.#timer(which).deadline > this.clock;
  }

  #isDue(which: number): boolean {
    return !this.#timer(which).isStopped && this.#timer(which).deadline <= this.clock;
  }

  #waitForTimer(fiber: Fiber, which: number): string | undefined {
    if (!this.#isRunning(which)) return `${this.#isDue(which)}`;
    return this.#wait(fiber, [which], (byStop) => ({
      deadline: this.#timer(which).deadline,
      result: `${byStop === undefined}`,
    }));
  }

  #select(fiber: Fiber, cases: number[], time: number): string | undefined {
    const first = cases.findIndex((which) => !this.#isRunning(which));
    if (first >= 0) return `${first}`;
    const end = this.clock + time;
    return this.#wait(fiber, cases, (byStop) => {
      const deadlines = [...cases.map((which) => this.#timer(which).deadline), end];
      const deadline = Math.min(...deadlines);
      return { deadline, result: `${byStop === undefined ? deadlines.indexOf(deadline) : cases.indexOf(byStop)}` };
    });
  }

  #wait(
    fiber: Fiber,
    timers: number[],
    end: (byStop?: number) => { deadline: number; result: string },
  ): string | undefined {
    const wait: Wait = {
      deadline: end().deadline,
      sequence: this.#sequence++,
      timers,
      measure: () => end().deadline,
      wake: (byStop) => {
        fiber.result = end(byStop).result;
        fiber.isGiven = /[SB]/.test(fiber.words[0] ?? "");
        fiber.state = "ready";
        this.#waits = this.#waits.filter((other) => other.wait !== wait);
        this.#ready.push(fiber);
      },
    };
    fiber.wait = wait;
    fiber.state = "parked";
    this.#waits.push({ fiber, wait });
    return undefined;
  }

  #reset(which: number, deadline: number): boolean {
    const wasRunning = this.#isRunning(which);
    Object.assign(this.#timer(which), { deadline, isStopped: false });
    for (const { wait } of this.#waits) {
      if (!wait.timers.includes(which)) continue;
      wait.deadline = wait.measure();
      wait.sequence = this.#sequence++;
    }
    return wasRunning;
  }

  #stop(which: number): boolean {
    if (!this.#isRunning(which)) return false;
    this.#timer(which).isStopped = true;
    const waits = this.#waits.filter(({ wait }) => wait.timers.includes(which));
    for (const { wait } of waits) wait.wake(which);
    return true;
  }

  #cancel(fiber: Fiber): void {
    if (fiber.state === "done" || fiber.state === "cancelled") return;
    if (fiber.isGiven) {
      fiber.isPending = true;
      return;
    }
    fiber.state = "cancelled";
    this.#waits = this.#waits.filter((other) => other.fiber !== fiber);
  }
}

/** A number as AssemblyScript writes an f64. */
function show(value: number): string {
  return Number.isInteger(value) ? `${value}.0` : `${value}`;
}

export function modelTimers(program: string): string {
  return new World(program).run();
}
