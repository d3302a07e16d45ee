/**
 * Scripts for the guest `standstill`: one step for each fiber, separated by blanks. Each holds a mutex, a read-write lock for writing and
 * another for reading, and runs a function under a once, until it has ended. In it, it waits:
 *
 *   lock:3 readLock:3 writeLock:3 once:3 join:3   for the end of fiber 3, in one way or another
 *   scope:3                                       for a fiber in a scope, which waits for the mutex of fiber 3
 *   sleep                                         for 5 ms
 *   outside                                       for JavaScript
 *   receive send acquire group                    for nobody: for ever
 */
import * as fc from "fast-check";

const BY_FIBER = ["lock", "readLock", "writeLock", "once", "join", "scope"] as const;
const FOR_EVER = ["receive", "send", "acquire", "group"] as const;

export interface Step {
  verb: string;
  /** The fiber that it waits for; -1: none. */
  target: number;
}

const forEver = fc.constantFrom(...FOR_EVER).map((verb): Step => ({ verb, target: -1 }));
const outside = fc.constantFrom("sleep", "outside").map((verb): Step => ({ verb, target: -1 }));

function byFiber(count: number): fc.Arbitrary<Step> {
  return fc.record({ verb: fc.constantFrom(...BY_FIBER), target: fc.nat(count - 1) });
}

/** Two to fifty fibers, of which some wait in a circle. */
export function arbitraryDeadlock(): fc.Arbitrary<Step[]> {
  return fc.integer({ min: 2, max: 50 }).chain((count) =>
    fc
      .record({
        steps: fc.array(fc.oneof({ weight: 3, arbitrary: byFiber(count) }, forEver, outside), {
          minLength: count,
          maxLength: count,
        }),
        circle: fc.uniqueArray(fc.nat(count - 1), { minLength: 2, maxLength: count }),
        verbs: fc.array(fc.constantFrom(...BY_FIBER), { minLength: count, maxLength: count }),
      })
      .map(({ steps, circle, verbs }) => {
        const planted = withoutSelf(steps);
        circle.forEach((at, i) => {
          const target = circle[(i + 1) % circle.length] ?? 0;
          planted[at] = { verb: verbs[i] ?? "join", target };
        });
        return planted;
      }),
  );
}

/** Fibers that wait for each other, but in no circle: each for one that began before it. */
export function arbitraryProgress(): fc.Arbitrary<Step[]> {
  return fc.integer({ min: 2, max: 50 }).chain((count) =>
    fc
      .array(fc.oneof({ weight: 3, arbitrary: byFiber(count) }, outside), { minLength: count, maxLength: count })
      .map((steps) =>
        steps.map(({ verb, target }, i): Step => {
          if (target < 0) return { verb, target };
          return i ? { verb, target: target % i } : { verb: "outside", target: -1 };
        }),
      ),
  );
}

/** Nobody waits for itself: that is an error of its own. */
function withoutSelf(steps: Step[]): Step[] {
  return steps.map(({ verb, target }, i) => ({ verb, target: target === i ? (i + 1) % steps.length : target }));
}

export function write(steps: Step[]): string {
  return steps.map(({ verb, target }) => (target < 0 ? verb : `${verb}:${target}`)).join(" ");
}

/** The circles that a script makes: of fibers, by their names, each from its first one on. */
export function circlesOf(steps: Step[]): string[][] {
  const circles = new Map<number, string[]>();
  for (let start = 0; start < steps.length; start++) {
    const path: number[] = [];
    let at = start;
    while (at >= 0 && !path.includes(at)) {
      path.push(at);
      at = steps[at]?.target ?? -1;
    }
    if (at < 0) continue;
    const circle = path.slice(path.indexOf(at));
    const first = circle.indexOf(Math.min(...circle));
    const rotated = [...circle.slice(first), ...circle.slice(0, first)];
    circles.set(
      rotated[0] ?? 0,
      rotated.flatMap((i) => (steps[i]?.verb === "scope" ? [`f${i}`, `of f${i}`] : [`f${i}`])),
    );
  }
  return [...circles.values()];
}

/** How many end when JavaScript has done its part. */
export function endingOf(steps: Step[]): number {
  return steps.filter((_, i) => {
    const seen = new Set<number>();
    let at = i;
    while ((steps[at]?.target ?? -1) >= 0 && !seen.has(at)) {
      seen.add(at);
      at = steps[at]?.target ?? -1;
    }
    const verb = steps[at]?.verb;
    return !seen.has(at) && (verb === "sleep" || verb === "outside");
  }).length;
}
