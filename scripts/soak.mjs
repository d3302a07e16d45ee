// @ts-check
/**
 * `npm run soak`: runs test/workloads/soak.ts with the arguments given. Its bundle lies as deep in the repository as test/setup/, which
 * finds the root from where it stands.
 */
import { runBundled } from "./run-bundled.mjs";

await runBundled("test/workloads/soak.ts", ".cache/soak/main.js");
