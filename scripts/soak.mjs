// @ts-check
/**
 * `npm run soak`: installs and builds what is missing, then runs test/workloads/soak.ts with the arguments given.
 *
 * Node 20 does not run TypeScript, so the workloads are bundled to .cache/soak/main.js first: as deep in the repository as
 * test/setup/, which finds the repository's root from where it stands.
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
  entryPoints: ["test/workloads/soak.ts"],
  outfile: ".cache/soak/main.js",
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20.19",
  packages: "external",
  sourcemap: true,
  logLevel: "warning",
});

const nodeArguments = ["--enable-source-maps", join(root, ".cache/soak/main.js"), ...process.argv.slice(2)];
const result = spawnSync(process.execPath, nodeArguments, { cwd: root, stdio: "inherit" });
if (result.error) throw result.error;
if (result.signal) console.error(`\nsoak: ended by ${result.signal}`);
process.exitCode = result.status ?? 1;
