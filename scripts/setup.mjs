// @ts-check
/**
 * Installs what is missing, and nothing when all is there.
 *
 * Runs before anything is installed, so it needs Node alone. What is installed is compared with package-lock.json by
 * version and checksum, never by time: a checkout sets times as it likes.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** The repository's root. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * Brings node_modules to what package-lock.json says; takes a few milliseconds when it is there already.
 * Ends the process with a message and status 1 when Node is too old or the installation fails.
 */
export function setup() {
  requireNode();
  const reason = whyInstall();
  if (reason === "") return;
  const started = Date.now();
  process.stdout.write(`setup: npm ci (${reason}) … `);
  const result = runNpm(["ci", "--no-audit", "--no-fund", "--no-progress"]);
  if (result.error || result.status !== 0) {
    console.log("failed");
    console.error((result.stdout ?? "") + (result.stderr ?? ""));
    const cause = result.error ? result.error.message : `it ended with status ${result.status ?? result.signal}`;
    stop(`npm ci failed: ${cause}. It needs the network or npm's cache; run "npm ci" to see it alone.`);
  }
  console.log(`${((Date.now() - started) / 1000).toFixed(1)} s`);
}

/** Compares the running Node with `engines` in package.json, which reads ">=major.minor". */
function requireNode() {
  const wanted = readJson("package.json").engines.node;
  const [, major = 0, minor = 0] = (/^>=(\d+)\.(\d+)/.exec(wanted) ?? []).map(Number);
  const [haveMajor = 0, haveMinor = 0] = process.versions.node.split(".").map(Number);
  if (haveMajor > major || (haveMajor === major && haveMinor >= minor)) return;
  stop(`as-fibers needs Node ${wanted}, this is Node ${process.versions.node}.`);
}

/** The reason to install in a few words, or "" when every package of the lock file is in place. */
function whyInstall() {
  if (!existsSync(join(root, "node_modules/.package-lock.json"))) return "nothing is installed yet";
  const installed = readJson("node_modules/.package-lock.json").packages;
  for (const [path, wanted] of Object.entries(readJson("package-lock.json").packages)) {
    if (path === "") continue;
    const have = installed[path];
    const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
    if (have === undefined) {
      if (wanted.optional) continue; // for another platform
      return `${name} is missing`;
    }
    if (have.version !== wanted.version || have.integrity !== wanted.integrity) return `${name} has changed`;
    // One that is optional may have been removed by hand, to see that all goes without it.
    if (!wanted.optional && !existsSync(join(root, path))) return `${name} is missing`;
  }
  return "";
}

/**
 * The npm that started this script if one did (on Windows a bare "npm" is a shell script), else the one in PATH.
 *
 * @param {string[]} npmArguments
 */
export function runNpm(npmArguments) {
  const cli = process.env["npm_execpath"] ?? "";
  /** @type {import("node:child_process").SpawnSyncOptionsWithStringEncoding} */
  const options = { cwd: root, encoding: "utf8", maxBuffer: 1 << 26 };
  if (cli.endsWith("npm-cli.js")) return spawnSync(process.execPath, [cli, ...npmArguments], options);
  return spawnSync("npm", npmArguments, { ...options, shell: process.platform === "win32" });
}

/**
 * Packs the package as it is built now. @returns the tarball
 *
 * @param {string} folder where it goes
 */
export function pack(folder) {
  const result = runNpm(["pack", "--ignore-scripts", "--json", "--pack-destination", folder]);
  if (result.error || result.status !== 0) stop(`npm pack failed: ${result.error?.message ?? result.stderr}`);
  return join(folder, `as-fibers-${readJson("package.json").version}.tgz`);
}

/** @param {string} path */
function readJson(path) {
  return JSON.parse(readFileSync(join(root, path), "utf8"));
}

/**
 * @param {string} message
 * @returns {never}
 */
function stop(message) {
  console.error(`setup: ${message}`);
  process.exit(1);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) setup();
