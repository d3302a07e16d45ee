// @ts-check
/** Runs conformance cases in child processes with a time limit: what a case does to its process is an outcome too. */
import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { cases } from "./cases/index.mjs";
import { hosts } from "./probe-hosts.mjs";

/**
 * @typedef {object} Outcome
 * @property {string} id of the case
 * @property {"ok" | "wrong" | "trap" | "crash" | "hang" | "n.a."} status
 * @property {string} came
 */

const probe = fileURLToPath(new URL("./probe.mjs", import.meta.url));
const temporary = fileURLToPath(new URL("../../.cache/wasi/tmp/", import.meta.url));

/**
 * All cases on one host, in the order of the table. Cases that leave their process usable share it; the next process takes up after a
 * case that crashes or hangs.
 *
 * @param {string} host its key in `hosts`
 * @param {{ node?: string, limitMs: number, perProcess?: number }} options limitMs: of one case; perProcess: how many cases share a process
 * @returns {Promise<Outcome[]>}
 */
export async function runHost(host, { node = process.execPath, limitMs, perProcess = Infinity }) {
  mkdirSync(temporary, { recursive: true });
  /** @type {Map<string, Outcome>} */
  const outcomes = new Map();
  const left = cases.map(({ id, setup = {} }) => ({ id, lack: hosts[host]?.lack(setup) }));
  for (const { id, lack } of left) if (lack) outcomes.set(id, { id, status: "n.a.", came: lack });
  for (;;) {
    const next = left.filter(({ id }) => !outcomes.has(id)).slice(0, perProcess);
    if (next.length === 0) break;
    const ids = next.map(({ id }) => id);
    for (const outcome of await runProcess(node, host, ids, limitMs)) outcomes.set(outcome.id, outcome);
  }
  return cases.flatMap(({ id }) => outcomes.get(id) ?? []);
}

/**
 * One process; at least one outcome.
 *
 * @param {string} node
 * @param {string} host
 * @param {string[]} ids
 * @param {number} limitMs
 * @returns {Promise<Outcome[]>}
 */
function runProcess(node, host, ids, limitMs) {
  const child = spawn(node, [probe, host, ...ids], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, TMPDIR: temporary, NODE_NO_WARNINGS: "1" },
  });
  /** @type {Outcome[]} */
  const outcomes = [];
  let current = ids[0] ?? "";
  let isHanging = false;
  let errors = "";
  let text = "";
  const watch = () =>
    setTimeout(() => {
      isHanging = true;
      child.kill("SIGKILL");
    }, limitMs);
  let timer = watch();
  child.stderr.on("data", (chunk) => (errors += chunk));
  child.stdout.on("data", (chunk) => {
    clearTimeout(timer);
    timer = watch();
    const lines = (text + chunk).split("\n");
    text = lines.pop() ?? "";
    for (const line of lines.filter((candidate) => candidate.startsWith("{"))) {
      const outcome = JSON.parse(line);
      current = outcome.id;
      if (outcome.status) outcomes.push(outcome);
    }
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      const isFinished = outcomes.length === ids.length;
      const what = isFinished ? "all cases are done, and the process does not end" : `nothing in ${limitMs / 1000} s`;
      if (isHanging) outcomes.push({ id: current, status: "hang", came: what });
      else if (!isFinished) outcomes.push({ id: current, status: "crash", came: reason(code, signal, errors) });
      resolve(outcomes);
    });
  });
}

/** Why a process has ended: its first line that says something, else how. @param {number | null} code @param {string | null} signal @param {string} errors */
function reason(code, signal, errors) {
  const line = errors.split("\n").find((candidate) => /assert|error|fatal/i.test(candidate));
  const how = signal ?? `exit code ${code}`;
  return line ? `${how}, ${line.replace(/^.*?: (?=\S+: Assertion)/, "").trim()}` : how;
}

/** Outcomes by their status. @param {Outcome[]} outcomes @returns {Record<Outcome["status"], number>} */
export function totals(outcomes) {
  const counts = { ok: 0, wrong: 0, trap: 0, crash: 0, hang: 0, "n.a.": 0 };
  for (const { status } of outcomes) counts[status]++;
  return counts;
}
