// @ts-check
/** Runs a TypeScript program of this repository, which Node 20 cannot do by itself: bundled first, with what is missing installed and built. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { build } from "./build.mjs";
import { root, setup } from "./setup.mjs";

/**
 * Runs the program with this process's arguments, in the repository's root, and takes over its exit code.
 *
 * @param {string} entry its source, from the root
 * @param {string} outfile where the bundle goes, from the root
 * @param {string[]} nodeOptions
 */
export async function runBundled(entry, outfile, nodeOptions = []) {
  setup();
  if (!(await build({ types: false }))) process.exit(1);
  const esbuild = await import("esbuild");
  await esbuild.build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20.19",
    packages: "external",
    sourcemap: true,
    logLevel: "warning",
  });
  const nodeArguments = [...nodeOptions, "--enable-source-maps", join(root, outfile), ...process.argv.slice(2)];
  const result = spawnSync(process.execPath, nodeArguments, { cwd: root, stdio: "inherit" });
  if (result.error) throw result.error;
  if (result.signal) console.error(`\n${entry}: ended by ${result.signal}`);
  process.exitCode = result.status ?? 1;
}
