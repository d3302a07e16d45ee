// @ts-check
/**
 * `npm start`: installs and builds what is missing, then shows what the library does.
 *
 *     npm start                    the showcase
 *     npm start -- <name> [...]    another demo
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { build } from "./build.mjs";
import { root, setup } from "./setup.mjs";

setup();
if (!(await build({ types: false }))) process.exit(1);

const [demo = "showcase", ...rest] = process.argv.slice(2);
const child = spawn(process.execPath, [join(root, "dist/command.js"), "demo", demo, ...rest], {
  cwd: root,
  stdio: "inherit",
});
// Ctrl-C reaches the demo by itself, as it reaches all of the terminal's group: it closes in order, and this waits for that. What is sent
// to this process alone is passed on.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => child.kill("SIGTERM"));
const [code, signal] = await once(child, "close");
if (signal) {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}
process.exitCode = code ?? 1;
