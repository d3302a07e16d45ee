// @ts-check
/**
 * `npm test`: everything that must hold before a change goes in. Each step prints its name and its seconds; the first
 * one that fails ends the run with its output. Extra arguments go to vitest: `npm test -- channel`.
 *
 * Format, lint and types are checked while vitest compiles the guests. They use one core, and no test runs yet.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { build } from "./build.mjs";
import { root, setup } from "./setup.mjs";

if (process.env["CI"] || !process.stdout.isTTY) {
  process.env["NO_COLOR"] = "1";
  delete process.env["FORCE_COLOR"];
}

/** What still runs. @type {Set<import("node:child_process").ChildProcess>} */
const running = new Set();

const started = Date.now();
setup();
await step("build", () => build({ types: true }));
await Promise.all([check(), step("tests", () => tool("vitest/vitest.mjs", "run", ...process.argv.slice(2)))]);
console.log(`test: all passed in ${seconds(started)}`);

/** What needs no test, one step after the other. */
async function check() {
  await step("format", () => tool("prettier/bin/prettier.cjs", "--check", "--log-level=warn", "."));
  await step("lint", () => tool("oxlint/bin/oxlint", "--deny-warnings"));
  await step("typecheck", () => tool("typescript/bin/tsc"));
}

/**
 * Runs one step, and ends the process and what else runs when it fails.
 *
 * @param {string} name
 * @param {() => Promise<boolean>} action false: failed, and has printed why
 */
async function step(name, action) {
  const begun = Date.now();
  const passed = await action();
  console.log(`test: ${name} ${passed ? "passed" : "failed"} in ${seconds(begun)}`);
  if (passed) return;
  for (const child of running) child.kill();
  process.exit(1);
}

/**
 * Runs a package's command under this Node, with this terminal.
 *
 * @param {string} path its script inside node_modules
 * @param {...string} toolArguments
 * @returns {Promise<boolean>}
 */
function tool(path, ...toolArguments) {
  const script = join(root, "node_modules", path);
  const child = spawn(process.execPath, [script, ...toolArguments], { cwd: root, stdio: "inherit" });
  running.add(child);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      running.delete(child);
      resolve(code === 0);
    });
  });
}

/** @param {number} since in milliseconds */
function seconds(since) {
  return `${((Date.now() - since) / 1000).toFixed(1)} s`;
}
