// @ts-check
/**
 * Before a release: packs the package, and lets the tools look at it that know what packages must be like.
 *
 *     node scripts/check-package.mjs
 *
 * The tools come by npx, so it needs the network, or npm's cache. What can be checked without them is in test/package.test.ts.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "./build.mjs";
import { pack, root, setup } from "./setup.mjs";

setup();
if (!(await build({ types: true }))) process.exit(1);

const folder = mkdtempSync(join(tmpdir(), "as-fibers-package-"));
try {
  const tarball = pack(folder);
  // The package is for `import` alone, of Node and of bundlers; and "./assembly" is AssemblyScript, which its own compiler resolves.
  const entries = ["--profile", "esm-only", "--exclude-entrypoints", "./assembly", "./assembly/*"];
  const passed = [
    check("publint@0.3.25", "--strict", tarball),
    check("@arethetypeswrong/cli@0.18.5", tarball, "--format", "table-flipped", ...entries),
  ];
  process.exitCode = passed.every(Boolean) ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true });
}

/**
 * @param {...string} words a tool with its version, and its arguments
 * @returns {boolean} whether it finds nothing
 */
function check(...words) {
  const { error, status } = spawnSync("npx", ["--yes", ...words], { cwd: root, stdio: "inherit" });
  if (error) throw error;
  return status === 0;
}
