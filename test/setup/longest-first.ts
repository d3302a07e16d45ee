/** The order in which vitest takes the test files: the longest first, so that no worker begins one when the other has nothing left. */
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Those of several seconds, which compile a lot, or wait; the longest first. The others follow in the order that vitest gives them. */
const LONGEST = [
  "wasi/conformance",
  "host/chaos",
  "command/build",
  "command/run",
  "examples",
  "docs",
  "transform/wasi",
  "command/showcase",
  "command/watch",
  "package",
  "bindings/files",
  "command/input",
  "transform/verify",
  "transform/asc",
  "readme",
  "transform/transform",
  "wasi/foreign",
  "assembly/scope-programs",
  "examples/delay-server",
  "examples/chat-server",
].map((name) => `/test/${name}.test.ts`);

export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const found = LONGEST.findIndex((name) => moduleId.endsWith(name));
      return found < 0 ? LONGEST.length : found;
    };
    // oxlint-disable-next-line unicorn/no-array-sort -- it is vitest's, not an array's
    const usual = await super.sort(files);
    return usual.toSorted((one, other) => rank(one) - rank(other));
  }
}
