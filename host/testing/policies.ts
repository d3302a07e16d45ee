/**
 * Policies: which of several ready fibers runs next.
 *
 * `fifo` is what production does. `random` takes any. `pct` gives fibers random priorities and changes them at a few random moments: a
 * fault that needs d orderings is met with a probability of at least 1 / (n · k^(d-1)), for n fibers and k choices
 * (Burckhardt et al., "A randomized scheduler with probabilistic guarantees of finding bugs", 2010). `replay` repeats.
 */
import { Random } from "../drivers/virtual/random.ts";
import { FibersError } from "../errors.ts";

/** Chooses for one run. @param fibers the ids of the ready ones, the longest ready first; at least two. @returns an index into them */
export type Chooser = (fibers: ReadyFibers) => number;

/** The fibers that are ready; their ids are read only when somebody asks. */
export interface ReadyFibers {
  /** How many. */
  readonly count: number;
  /** Their ids, the longest ready first. */
  ids(): number[];
  /** The ids of those that have run since it was last asked, one for each switch; none unless events are kept. */
  ran(): number[];
}

/** Decides which of several ready fibers runs next. One may serve many runs. */
export interface Policy {
  /** As messages name it. */
  readonly name: string;
  /** Begins a run with this seed. null: nobody needs to be asked. */
  begin(seed: number): Chooser | null;
}

/** What production does: the fiber that has been ready longest. */
export function fifo(): Policy {
  return { name: "fifo", begin: () => null };
}

/** Any of the ready fibers, each as likely as the others. */
export function random(): Policy {
  return {
    name: "random",
    begin(seed) {
      const numbers = new Random(seed ^ 0x2545f491);
      return ({ count }) => Math.floor(numbers.next() * count);
    },
  };
}

/** What `pct` takes. */
export interface PctOptions {
  /** Orderings that the fault needs: 1 + how often priorities change; 3 by default. */
  depth?: number;
  /** Choices of a run, about; 200 by default. */
  choices?: number;
}

/** The fiber of the highest priority, which is lowered at depth - 1 random choices. */
export function pct({ depth = 3, choices = 200 }: PctOptions = {}): Policy {
  if (!(depth >= 1 && choices >= 1)) {
    const message = `pct takes a depth and a number of choices of 1 or more, and got ${depth} and ${choices}`;
    throw new FibersError("E_INVALID_OPTION", message);
  }
  return {
    name: "pct",
    begin(seed) {
      const numbers = new Random(seed ^ 0x51ed270b);
      const changes = new Set(Array.from({ length: depth - 1 }, () => Math.floor(numbers.next() * choices)));
      const priorities = new Map<number, number>();
      let at = 0;
      let lowest = 0;
      const priorityOf = (id: number) => {
        let priority = priorities.get(id);
        if (priority === undefined) priorities.set(id, (priority = 1 + numbers.next()));
        return priority;
      };
      return (fibers) => {
        const ids = fibers.ids();
        const best = () =>
          ids.reduce((high, id, i) => (priorityOf(id) > priorityOf(ids[high] as number) ? i : high), 0);
        if (changes.has(at++)) priorities.set(ids[best()] as number, --lowest);
        return best();
      };
    },
  };
}

/** Repeats these choices; where there are fewer fibers than that, and behind the last one, the longest ready. */
export function replay(choices: readonly number[]): Policy {
  return {
    name: "replay",
    begin() {
      let at = 0;
      return ({ count }) => Math.min(choices[at++] ?? 0, count - 1);
    },
  };
}

/**
 * Lets these fibers run in this order, as far as they are ready, and the others only when none of these is: they are then as good as gone.
 * @param order the ids, one for each switch
 */
export function inOrder(order: readonly number[]): Policy {
  const wanted = new Set(order);
  return {
    name: "in order",
    begin() {
      let at = 0;
      return (fibers) => {
        for (const id of fibers.ran()) at = Math.max(at, order.indexOf(id, at) + 1);
        const ids = fibers.ids();
        const next = order.slice(at).find((id) => ids.includes(id));
        const choice = next === undefined ? ids.findIndex((id) => wanted.has(id)) : ids.indexOf(next);
        return Math.max(0, choice);
      };
    },
  };
}

const NAMED: Record<string, () => Policy> = { fifo, random, pct };

/** A policy, or one by its name. @throws E_INVALID_OPTION */
export function policyOf(policy: Policy | string): Policy {
  if (typeof policy !== "string") return policy;
  const make = NAMED[policy];
  if (make) return make();
  const known = Object.keys(NAMED).join(", ");
  throw new FibersError("E_INVALID_OPTION", `there is no policy ${JSON.stringify(policy)}; there are ${known}`);
}
