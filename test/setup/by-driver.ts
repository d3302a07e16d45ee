/**
 * vitest's reporter of what the drivers and back ends were asked: how many tests have passed on each, and how many were skipped, because it
 * lacks something, or is not here. It is what a title says after "on".
 */
import type { Reporter, TestModule } from "vitest/node";

const NAMES = /^(node|epoll|poll|virtual|wasi(,.*)?|simulated kqueue|.*, waiting by \w+)$/;

export default class ByDriver implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const counts = new Map<string, { passed: number; skipped: number }>();
    for (const test of modules.flatMap((module) => [...module.children.allTests()])) {
      const { state } = test.result();
      const name = /\bon '?((?:[^>:']|:\S)+?)'?(?: >|: |$)/.exec(test.fullName)?.[1] ?? "";
      if (!NAMES.test(name) || (state !== "passed" && state !== "skipped")) continue;
      const count = counts.get(name) ?? { passed: 0, skipped: 0 };
      counts.set(name, count);
      count[state]++;
    }
    if (counts.size === 0) return;
    console.log("passed skipped  on");
    for (const [name, { passed, skipped }] of [...counts].toSorted(([one], [other]) => (one < other ? -1 : 1))) {
      console.log(`${String(passed).padStart(6)} ${String(skipped).padStart(7)}  ${name}`);
    }
  }
}
