/** What test runners need: an assertion whose message is the report, and the same as a matcher. */
import { FibersError } from "../errors.ts";
import type { ModuleSource } from "../load.ts";
import { type Exploration, explore, type ExploreOptions } from "./explore.ts";

/**
 * Explores, for any test runner.
 * @throws E_FAULT_FOUND with the report when a schedule fails; E_NOT_COMPLETE when there were more schedules than it was allowed to run,
 *   unless `isEnough` says that what was looked at is enough
 */
export async function assertEverySchedule(
  source: ModuleSource,
  { isEnough = () => false, ...options }: ExploreOptions & { isEnough?: (explored: Exploration) => boolean } = {},
): Promise<Exploration> {
  const explored = await explore(source, options);
  if (explored.failure) throw new FibersError("E_FAULT_FOUND", explored.report);
  if (explored.complete || isEnough(explored)) return explored;
  const way = "raise maxSchedules, bound preemptions, or say by isEnough what is enough";
  throw new FibersError("E_NOT_COMPLETE", `${explored.report}; but there are more: ${way}`);
}

interface MatcherResult {
  pass: boolean;
  message: () => string;
}

/**
 * For vitest and jest: `expect.extend(matchers)`, then `await expect(module).toHoldInEverySchedule({ entry: "main" })`.
 */
export const matchers = {
  async toHoldInEverySchedule(source: ModuleSource, options: ExploreOptions = {}): Promise<MatcherResult> {
    const { failure, complete, report } = await explore(source, options);
    return { pass: !failure && complete, message: () => report };
  },
};
