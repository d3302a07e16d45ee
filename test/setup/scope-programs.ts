/**
 * Random programs for the guest `scope-programs`; what must be true of what they tell is checked by scope-rules.ts.
 *
 * A program is a text, a script for each fiber 0, 1, 2 … separated by " | ", steps separated by ", ". Fiber 0 is started first; every
 * other one is started by one step at most. Times are milliseconds.
 *
 *     scope 2          opens a scope; 2 of its fibers run at once; 0: all
 *     go 3             starts fiber 3 in the innermost scope that the fiber has opened; opens one when there is none
 *     into 3 1         starts fiber 3 in the scope number 1, modulo how many there are, whoever has opened it
 *     wait   try       for the innermost scope: `wait`, `waitOrError`. Nothing when there is none
 *     deadline 4       of the innermost scope
 *     cancel           the innermost scope
 *     cancelScope 1    the scope number 1, modulo how many there are
 *     cancelFiber 3    fiber 3, modulo how many there are, when it was started; may be oneself
 *     shield 2         sleeps in a shield
 *     shieldWait       waits for the innermost scope in a shield
 *     defer 2          a cleanup that sleeps
 *     deferFail 2      one that sleeps, and then fails
 *     deferGo 3        one that runs fiber 3 in a scope of its own
 *     sleep 2   yield   fail
 */
import * as fc from "fast-check";

/** A step, and the script of the fiber that it starts. */
interface Step {
  words: string;
  /** Stands behind the words in the place of the number. */
  child?: Step[];
  after?: string;
}

const time = fc.constantFrom("0", "1", "1", "2", "3", "5");
const number = fc.constantFrom("0", "1", "2", "3", "4", "5", "6");

function plain(...choices: string[]): fc.Arbitrary<Step> {
  return fc.constantFrom(...choices).map((words) => ({ words }));
}

function withNumber(verb: string, argument: fc.Arbitrary<string>): fc.Arbitrary<Step> {
  return argument.map((value) => ({ words: `${verb} ${value}` }));
}

const simple: fc.WeightedArbitrary<Step>[] = [
  { weight: 8, arbitrary: withNumber("sleep", time) },
  { weight: 3, arbitrary: plain("yield") },
  { weight: 5, arbitrary: plain("wait", "wait", "try", "shieldWait") },
  { weight: 4, arbitrary: withNumber("scope", fc.constantFrom("0", "0", "1", "2")) },
  { weight: 2, arbitrary: withNumber("deadline", time) },
  { weight: 3, arbitrary: withNumber("shield", time) },
  { weight: 4, arbitrary: withNumber("defer", time) },
  { weight: 1, arbitrary: withNumber("deferFail", time) },
  { weight: 2, arbitrary: plain("fail") },
  { weight: 1, arbitrary: plain("cancel") },
  { weight: 1, arbitrary: withNumber("cancelScope", number) },
  { weight: 1, arbitrary: withNumber("cancelFiber", number) },
];

const DEPTH = 3;

/** At its end, most often, a fiber waits for what it has opened. */
const waits: fc.Arbitrary<Step[]> = fc
  .constantFrom([], ["wait"], ["wait"], ["try"], ["wait", "wait"], ["try", "sleep 1", "wait"])
  .map((texts) => texts.map((words) => ({ words })));

/** Scripts of fibers below which there are so many more. */
function scriptOf(depth: number): fc.Arbitrary<Step[]> {
  const choices = [...simple];
  if (depth) {
    const child = scriptOf(depth - 1);
    choices.push(
      { weight: 30, arbitrary: child.map((steps) => ({ words: "go", child: steps })) },
      {
        weight: 6,
        arbitrary: fc.tuple(child, number).map(([steps, after]) => ({ words: "into", child: steps, after })),
      },
      { weight: 1, arbitrary: child.map((steps) => ({ words: "deferGo", child: steps })) },
    );
  }
  const steps = fc.array(fc.oneof(...choices), { minLength: 1, maxLength: depth === DEPTH ? 8 : 5, size: "max" });
  if (!depth) return steps;
  return fc.tuple(steps, waits).map(([first, last]) => [...first, ...last]);
}

/** Text of a random program. */
export function arbitraryScopeProgram(): fc.Arbitrary<string> {
  return scriptOf(DEPTH).map(toText);
}

/** Gives the scripts of a tree their numbers. */
function toText(root: Step[]): string {
  const scripts = [root];
  const texts: string[] = [];
  for (const steps of scripts) {
    const words = steps.map((step) =>
      step.child ? [step.words, scripts.push(step.child) - 1, step.after].join(" ").trim() : step.words,
    );
    texts.push(words.join(", "));
  }
  return texts.join(" | ");
}
