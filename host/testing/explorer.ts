/** `Explorer`: one search, from schedule to schedule. What it leaves out, and why, is in explore.ts. */
import type { Exploration, ExploreOptions } from "./explore.ts";
import { possibilities } from "./draws.ts";
import { type Base, decisionsOf, FIRST_PATH, Frontier, isTaken, type Path } from "./frontier.ts";
import type { Program } from "./program.ts";
import { report } from "./report.ts";
import type { Decisions } from "./schedule.ts";
import type { Failing } from "./replay.ts";
import type { Pause, Stepper } from "./stepper.ts";
import { Trial } from "./trial.ts";

/** Bytes that are copied in the time of a switch. */
const BYTES_PER_SWITCH = 1024;
/** Most bytes of copies. */
const MAX_COPIES = 128 << 20;
/** After a fault, so many more schedules at least are looked at for a better one. */
const MORE = 100;

/** Where a run is: what it has decided, and what is kept of that. */
interface Course {
  readonly path: Path;
  readonly planned: Decisions;
  /** Whether it has left the path, and each decision is a new one. */
  isNew: boolean;
  base: Base;
  choices: number;
  draws: number;
  /** Of all that a walk at random would meet, the share of runs like this one so far. */
  share: number;
}

export class Explorer {
  readonly #trial: Trial;
  readonly #reduces: boolean;
  readonly #maxSchedules: number;
  readonly #maxPreemptions: number;
  readonly #frontier = new Frontier();
  readonly #visited = new Set<number>();
  #stepper!: Stepper;
  #schedules = 0;
  #pruned = 0;
  #cut = 0;
  #coverage = 0;
  #deepest = 0;
  #copied = 0;
  #best: Failing | undefined;

  constructor(program: Program, options: ExploreOptions) {
    this.#trial = new Trial(program, options);
    this.#reduces = options.reduce ?? true;
    this.#maxSchedules = options.maxSchedules ?? 10_000;
    this.#maxPreemptions = options.preemptions ?? Infinity;
  }

  async run(): Promise<Exploration> {
    const begun = performance.now();
    const { stepper, root } = await this.#trial.begin();
    this.#stepper = stepper;
    let limit = this.#maxSchedules;
    let path: Path | undefined = FIRST_PATH;
    while (path && this.#schedules + this.#pruned + this.#cut < limit) {
      if (this.#best && path.preemptions > this.#best.preemptions) break;
      const base: Base = path.branch?.base ?? root;
      const failing = this.#follow(path, base);
      if (path.branch && isTaken(path.branch)) this.#release(base);
      if (failing) {
        if (!this.#best) limit = Math.min(limit, 2 * this.#schedules + MORE);
        if (!this.#best || isBetter(failing, this.#best)) this.#best = failing;
      }
      path = this.#frontier.take();
    }
    const isComplete = !path && !this.#frontier.hasDropped && !this.#cut;
    const found = {
      schedules: this.#schedules,
      pruned: this.#pruned,
      states: this.#visited.size,
      complete: isComplete,
      coverage: isComplete && this.#maxPreemptions === Infinity ? 1 : Math.min(1, this.#coverage),
      deepest: this.#deepest,
      cut: this.#cut,
    };
    const failure = this.#best && (await this.#trial.explain(this.#best, stepper, root));
    stepper.close();
    const exploration = { ...found, milliseconds: performance.now() - begun, ...(failure ? { failure } : {}) };
    return { ...exploration, report: report(exploration) };
  }

  /** Runs one schedule, and notes the decisions that it meets behind the last one that is its own. */
  #follow(path: Path, base: Base): Failing | null {
    const stepper = this.#stepper;
    const { choices, draws } = base;
    const share = path.branch?.share ?? 1;
    const course = { path, planned: decisionsOf(path), isNew: !path.branch, base, choices, draws, share };
    let copiedAt = 0;
    stepper.onDraw = (count) => this.#draw(course, count);
    stepper.restore(base.state);
    while (true) {
      const pause = stepper.resume();
      if (pause.kind !== "choice" && pause.kind !== "drawn") {
        this.#deepest = Math.max(this.#deepest, course.choices);
        this.#coverage += course.share;
        return this.#judge(path, pause);
      }
      if (course.isNew && this.#isKnown()) {
        this.#pruned++;
        this.#coverage += course.share;
        return null;
      }
      if (pause.kind === "drawn") continue;
      if (course.isNew && path.preemptions < this.#maxPreemptions) {
        const copy = stepper.switches - copiedAt > base.state.guest.bytes / BYTES_PER_SWITCH && this.#copy(course);
        if (copy) {
          course.base = copy;
          copiedAt = stepper.switches;
        }
      }
      stepper.choose(this.#choose(course, pause.count));
    }
  }

  #choose(course: Course, count: number): number {
    const position = course.choices++;
    if (!course.isNew) return take(course, "choices", position);
    course.share /= count;
    if (course.path.preemptions < this.#maxPreemptions) {
      const alternatives = Array.from({ length: count }, (_, i) => i);
      this.#branch(course, "choices", position, alternatives);
    }
    return 0;
  }

  #draw(course: Course, count: number): number {
    const position = course.draws++;
    if (!course.isNew) return take(course, "draws", position);
    const alternatives = possibilities(count);
    course.share /= alternatives.length;
    this.#branch(course, "draws", position, alternatives);
    return 0;
  }

  #branch({ path, base, share }: Course, kind: keyof Decisions, position: number, alternatives: number[]): void {
    if (alternatives.length < 2) return;
    if (this.#frontier.add({ path, kind, position, alternatives, next: 1, base, share }, this.#maxSchedules))
      base.uses++;
  }

  #isKnown(): boolean {
    if (!this.#reduces) return false;
    const state = this.#stepper.fingerprint();
    if (state === null) return false;
    if (this.#visited.has(state)) return true;
    this.#visited.add(state);
    return false;
  }

  #copy({ choices, draws }: Course): Base | null {
    if (this.#copied > MAX_COPIES) return null;
    const state = this.#stepper.save();
    if (!state) return null;
    this.#copied += state.guest.bytes;
    return { state, choices, draws, uses: 0 };
  }

  #release(base: Base): void {
    if (--base.uses === 0) this.#copied -= base.state.guest.bytes;
  }

  #judge(path: Path, pause: Pause): Failing | null {
    if (pause.kind !== "end") {
      this.#cut++;
      return null;
    }
    this.#schedules++;
    const fault = this.#trial.judge(this.#stepper, pause);
    if (!fault) return null;
    const { preemptions } = path;
    return { fault, decisions: decisionsOf(path), preemptions, switches: this.#stepper.switches };
  }
}

/** What the path has decided here. */
function take(course: Course, kind: keyof Decisions, position: number): number {
  const { branch } = course.path;
  if (branch?.kind === kind && branch.position === position) course.isNew = true;
  return course.planned[kind][position] ?? 0;
}

function isBetter(one: Failing, other: Failing): boolean {
  return (
    one.preemptions < other.preemptions || (one.preemptions === other.preemptions && one.switches < other.switches)
  );
}
