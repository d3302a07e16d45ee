// @ts-check
/**
 * `npm start`: installs and builds what is missing, then shows what the library does.
 *
 *     npm start                    the showcase
 *     npm start -- <name> [...]    another demo
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { build } from "./build.mjs";
import { root, setup } from "./setup.mjs";

setup();
if (!(await build({ types: false }))) process.exit(1);

const [demo = "showcase", ...rest] = process.argv.slice(2);
const result = spawnSync(process.execPath, [join(root, "dist/command.js"), "demo", demo, ...rest], {
  cwd: root,
  stdio: "inherit",
});
if (result.error) throw result.error;
if (result.signal) process.kill(process.pid, result.signal);
process.exitCode = result.status ?? 1;
