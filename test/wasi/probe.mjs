// @ts-check
/**
 * Runs conformance cases in this process, which a host may crash or block; whoever starts it sets the time limit.
 *
 *     node test/wasi/probe.mjs <host> [id …]      every case without ids
 *
 * Prints `{ "id": … }` before a case and `{ "id", "status", "came" }` after it, each on a line; status is ok, wrong, trap or n.a.
 */
import { writeSync } from "node:fs";
import { cases } from "./cases/index.mjs";
import { Guest, probeModule, Refusal } from "./probe-guest.mjs";
import { hosts } from "./probe-hosts.mjs";
import { hasTerminals, World } from "./probe-world.mjs";

/**
 * @typedef {object} Outcome
 * @property {string} id of the case
 * @property {"ok" | "wrong" | "trap" | "n.a."} status
 * @property {string} came
 */

const ENOSYS = 52;

const [hostName = "", ...ids] = process.argv.slice(2);
const host = hosts[hostName];
if (!host) throw new Error(`There is no host ${hostName}: ${Object.keys(hosts).join(", ")}.`);

const module = await probeModule();
for (const subject of cases) {
  if (ids.length > 0 && !ids.includes(subject.id)) continue;
  print({ id: subject.id });
  print(await runCase(subject));
}
process.exit(0); // whatever a host has left open

/** @param {(typeof import("./cases/index.mjs").cases)[number]} subject @returns {Promise<Outcome>} */
async function runCase({ id, setup = {}, probe, want }) {
  const lack = host?.lack(setup) ?? lackHere(setup);
  if (!host || lack) return { id, status: "n.a.", came: lack ?? "" };
  const world = await World.open(setup);
  /** @type {import("./probe-hosts.mjs").OpenHost | undefined} */
  let open;
  try {
    open = await host.open(setup, world);
    const instance = await WebAssembly.instantiate(module, withAllFunctions(open.imports));
    open.attach(module, instance);
    const came = await probe(new Guest(instance), world);
    return { id, status: [want].flat().includes(came) ? "ok" : "wrong", came };
  } catch (error) {
    if (error instanceof Refusal) return { id, status: "wrong", came: error.message };
    return { id, status: "trap", came: String(error).split("\n")[0] ?? "" };
  } finally {
    open?.close?.();
    await world.close();
  }
}

/** What a host does not have (@wasmer/wasi: sock_accept) answers ENOSYS, so that its other functions can be asked. @param {WebAssembly.Imports} imports */
function withAllFunctions({ wasi_snapshot_preview1: functions }) {
  const missing = WebAssembly.Module.imports(module).map(({ name }) => [name, () => ENOSYS]);
  return { wasi_snapshot_preview1: { ...Object.fromEntries(missing), ...functions } };
}

/** @param {import("./probe-world.mjs").Setup} setup */
function lackHere({ stdin, stdout }) {
  return [stdin, stdout].includes("terminal") && !hasTerminals() ? "util-linux's script is not installed" : null;
}

/** @param {Outcome | { id: string }} line */
function print(line) {
  writeSync(1, `${JSON.stringify(line)}\n`);
}
