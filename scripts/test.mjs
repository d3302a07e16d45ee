// @ts-check
/**
 * `npm test`: everything that must hold before a change goes in. Each step prints its name and its seconds; the first
 * one that fails ends the run with its output. Extra arguments go to vitest: `npm test -- channel`.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { build } from "./build.mjs";
import { root, setup } from "./setup.mjs";

if (process.env["CI"] || !process.stdout.isTTY) {
  process.env["NO_COLOR"] = "1";
  delete process.env["FORCE_COLOR"];
}

const started = Date.now();
setup();
await step("build", () => build({ types: true }));
await step("format", () => tool("prettier/bin/prettier.cjs", "--check", "--log-level=warn", "."));
await step("lint", () => tool("oxlint/bin/oxlint", "--deny-warnings"));
await step("typecheck", () => tool("typescript/bin/tsc"));
await step("tests", () => tool("vitest/vitest.mjs", "run", ...process.argv.slice(2)));
console.log(`test: all passed in ${seconds(started)}`);

/**
 * Runs one step, and ends the process when it fails.
 *
 * @param {string} name
 * @param {() => boolean | Promise<boolean>} action false: failed, and has printed why
 */
async function step(name, action) {
  const begun = Date.now();
  const passed = await action();
  console.log(`test: ${name} ${passed ? "passed" : "failed"} in ${seconds(begun)}`);
  if (!passed) process.exit(1);
}

/**
 * Runs a package's command under this Node, with this terminal.
 *
 * @param {string} path its script inside node_modules
 * @param {...string} toolArguments
 */
function tool(path, ...toolArguments) {
  const script = join(root, "node_modules", path);
  const result = spawnSync(process.execPath, [script, ...toolArguments], { cwd: root, stdio: "inherit" });
  if (result.error) throw result.error;
  return result.status === 0;
}

/** @param {number} since in milliseconds */
function seconds(since) {
  return `${((Date.now() - since) / 1000).toFixed(1)} s`;
}
