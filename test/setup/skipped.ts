/** vitest's reporter of what was not asked: how many tests were skipped in which world, which is what a title ends with after "on". */
import type { Reporter, TestModule } from "vitest/node";

export default class Skipped implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const counts = new Map<string, number>();
    for (const module of modules) {
      for (const test of module.children.allTests("skipped")) {
        const name = /\bon '?([^>:]+?)'?(?: >|:|$)/.exec(test.fullName)?.[1] ?? "none";
        counts.set(name, (counts.get(name) ?? 0) + 1);
      }
    }
    if (counts.size === 0) return;
    console.log("Skipped, by driver or back end:");
    for (const [name, count] of counts) console.log(`${String(count).padStart(6)}  ${name}`);
  }
}
