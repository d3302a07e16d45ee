// @ts-check
/**
 * Runs `npm test` in a clone of what is committed, without koffi: `node scripts/without-koffi.mjs`. What needs it is skipped by its name, and
 * counted at the end.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "./setup.mjs";

const folder = mkdtempSync(join(tmpdir(), "as-fibers-without-koffi-"));

/** @param {string} command @param {...string} words */
function run(command, ...words) {
  const { status } = spawnSync(command, words, { cwd: folder, stdio: "inherit", shell: process.platform === "win32" });
  if (status !== 0) throw new Error(`${[command, ...words].join(" ")} has ended with ${status}`);
}

try {
  run("git", "clone", "--quiet", root, ".");
  run("npm", "ci", "--no-audit", "--no-fund", "--no-progress");
  for (const name of ["koffi", "@koromix"]) rmSync(join(folder, "node_modules", name), { recursive: true });
  run("npm", "test");
} finally {
  rmSync(folder, { recursive: true });
}
