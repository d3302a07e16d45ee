// @ts-check
/**
 * `npm run bench`: installs and builds what is missing, then runs bench/main.ts with the arguments given.
 *
 * Node 20 does not run TypeScript, so bench/ is bundled to .cache/bench.js first. The benchmarks run with the
 * repository's root as working directory, and find their files from there.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { build } from "./build.mjs";
import { root, setup } from "./setup.mjs";

setup();
if (!(await build({ types: false }))) process.exit(1);

const esbuild = await import("esbuild");
await esbuild.build({
  absWorkingDir: root,
  entryPoints: ["bench/main.ts"],
  outfile: ".cache/bench.js",
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20.19",
  packages: "external",
  sourcemap: true,
  logLevel: "warning",
});

const nodeArguments = ["--expose-gc", "--enable-source-maps", join(root, ".cache/bench.js"), ...process.argv.slice(2)];
const result = spawnSync(process.execPath, nodeArguments, { cwd: root, stdio: "inherit" });
if (result.error) throw result.error;
process.exitCode = result.status ?? 1;
