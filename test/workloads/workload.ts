/** A test that is worth repeating: the suite runs it a few times with a fixed seed, `npm run soak` often with a new one. */
export interface Workload {
  name: string;
  /** What is counted. */
  unit: string;
  /** How many in the suite, and in a soak. */
  suite: number;
  soak: number;
  /** Throws when something is wrong. */
  run(count: number, seed: number): Promise<void>;
}

/** The suite's seed: what fails in it fails again. */
export const SUITE_SEED = 1;

/** Runs it as the suite does. */
export function runInSuite({ run, suite }: Workload): Promise<void> {
  return run(suite, SUITE_SEED);
}
