// @ts-check
/** `npm run bench`: runs bench/main.ts with the arguments given. The benchmarks find their files from the repository's root. */
import { runBundled } from "./run-bundled.mjs";

await runBundled("bench/main.ts", ".cache/bench.js", ["--expose-gc"]);
