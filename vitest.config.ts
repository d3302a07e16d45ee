import { defineConfig } from "vitest/config";
import LongestFirst from "./test/setup/longest-first.ts";
import ByDriver from "./test/setup/by-driver.ts";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/setup/compile.ts"], // compiles every guest once
    setupFiles: ["test/setup/worker.ts"],
    reporters: ["default", new ByDriver()],
    sequence: { sequencer: LongestFirst },
    pool: "forks",
    maxWorkers: 3,
    // One process for all files of a worker: starting one for each takes a fifth of the time.
    isolate: false,
    fileParallelism: true,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    watch: false,
  },
});
