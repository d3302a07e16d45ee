// @ts-check
/**
 * Tests the tests: changes the library's primitives in one place each, and looks whether a search through all schedules finds that.
 *
 *     node scripts/mutants.mjs              all of them; writes docs/mutants.md
 *     node scripts/mutants.mjs wake close   those whose names contain one of these
 *
 * The programs are in test/guests/mutants.ts; each export holds for the library as it is, in every schedule.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "./build.mjs";
import { root, setup } from "./setup.mjs";

const PROGRAM = join(root, "test/guests/mutants.ts");
const MAX_SCHEDULES = 20_000;
const ENDLESS = "does not end";
/** Milliseconds: a mutant may go round and round in one step. */
const TIMEOUT = 60_000;
/** Before a number: searches with that mutant, and prints what was found. */
const ONE = "--mutant=";
/** What is searched of this alone is production's order. */
const ONLY_FIFO = new Set(["fifo"]);

/** @typedef {{ name: string, file: string, from: string, to: string }} Mutant */

/** @type {Mutant[]} */
export const mutants = [
  {
    name: "a wake is dropped: closing a channel wakes one receiver",
    file: "channel-wait",
    from: "  while (c.receivers) {",
    to: "  if (c.receivers) {",
  },
  {
    name: "a wake is dropped: an event wakes one",
    file: "event",
    from: "    wakeAll(changetype<usize>(this));",
    to: "    wakeFirst(changetype<usize>(this));",
  },
  {
    name: "a wake is dropped: a future wakes one",
    file: "future",
    from: "  f.outcome = <u8>Outcome.VALUE;\n  wakeAll(future);",
    to: "  f.outcome = <u8>Outcome.VALUE;\n  wakeFirst(future);",
  },
  {
    name: "a wake is dropped: a broadcast wakes one",
    file: "condition",
    from: "    while (wakeShielded(changetype<usize>(this))) {}",
    to: "    wakeShielded(changetype<usize>(this));",
  },
  {
    name: "a wake is dropped: a fiber that ends wakes one joiner",
    file: "scheduler",
    from: "    wake(claim(joiner));\n  }",
    to: "    wake(claim(joiner));\n    break;\n  }",
  },
  {
    name: "a wake is dropped: the end of a wait group wakes one",
    file: "wait-group",
    from: "    if (!sum) wakeAll(",
    to: "    if (!sum) wakeFirst(",
  },
  {
    name: "a wake is dropped: a value that is taken lets no sender go on",
    file: "channel-core",
    from: "    if (c.senders) append(channel, releaseSender(channel));\n",
    to: "",
  },
  {
    name: "LIFO for FIFO: the run queue",
    file: "run-queue",
    from: "  f.next = 0;\n  if (tail) record(tail).next = fiber;\n  else head = fiber;\n  tail = fiber;",
    to: "  f.next = head;\n  if (!tail) tail = fiber;\n  head = fiber;",
  },
  {
    name: "LIFO for FIFO: wait queues",
    file: "wait-queue",
    from: "  record(last).next = waiter;\n  record(first).previous = waiter;",
    to: "  record(last).next = waiter;\n  record(first).previous = waiter;\n  store<usize>(queue, waiter);",
  },
  {
    name: "LIFO for FIFO: the values in a channel",
    file: "channel-core",
    from: "    store<u64>(into, load<u64>(slotOf(c, c.head)));\n    c.head++;",
    to: "    store<u64>(into, load<u64>(slotOf(c, c.head + c.length - 1)));",
  },
  {
    name: "timers: the latest first",
    file: "timers",
    from: "  return deadline < other ||",
    to: "  return deadline > other ||",
  },
  {
    name: "timers: a sleep that is left keeps its timer",
    file: "scheduler",
    from: "export function leaveTimer(fiber: usize): void {\n  stopTimer(fiber);",
    to: "export function leaveTimer(fiber: usize): void {\n  if (!fiber) stopTimer(fiber);",
  },
  {
    name: "select: a case that has lost stays in its queue",
    file: "select-case",
    from: "    removeWaiter(caseAt(at).queue, at);",
    to: "    if (!except) removeWaiter(caseAt(at).queue, at);",
  },
  {
    name: "select: the timer stays when a case has won",
    file: "select-case",
    from: "  leaveCases(caseAt(winner).select, winner);\n  stopTimer(fiber);",
    to: "  leaveCases(caseAt(winner).select, winner);",
  },
  {
    name: "select: a case is chosen that is not ready",
    file: "select-run",
    from: "    if (isReady && callCase(isReady, at) && !n--)",
    to: "    if (isReady && !n--)",
  },
  {
    name: "select: one more is drawn from than are ready",
    file: "select-run",
    from: "findNthReady(s, draw(count))",
    to: "findNthReady(s, draw(count + 1))",
  },
  {
    name: "select: another case is reported than the one that has won",
    file: "select-case",
    from: "  select.chosen = indexOfCase(select, winner);",
    to: "  select.chosen = 0;",
  },
  {
    name: "mutex: unlocking forgets who waits",
    file: "mutex",
    from: "  if (changetype<MutexRecord>(mutex).waiters) handToFirst(mutex);",
    to: "",
  },
  {
    name: "mutex: handed on without an owner",
    file: "mutex",
    from: "  own(mutex, fiber);\n  grant(fiber);",
    to: "  grant(fiber);",
  },
  {
    name: "mutex: who takes it does not look whether somebody owns it",
    file: "mutex",
    from: "  if (!owner) {\n    own(mutex, fiber);",
    to: "  if (owner != fiber) {\n    own(mutex, fiber);",
  },
  {
    name: "mutex: not marked when its owner ends",
    file: "mutex",
    from: "  changetype<MutexRecord>(mutex).isAbandoned = true;\n",
    to: "",
  },
  {
    name: "cancellation: a wait that is left stays in the queue",
    file: "waiting",
    from: "  removeWaiter(<usize>(record(fiber).value >>> 32), fiber);\n  stopTimer(fiber);",
    to: "  stopTimer(fiber);",
  },
  {
    name: "cancellation: what was given is lost",
    file: "scheduler",
    from: "  if (f.flags & (Flag.GIVEN | Flag.SHIELDED)) f.flags |= Flag.CANCEL_PENDING;",
    to: "  if (f.flags & Flag.SHIELDED) f.flags |= Flag.CANCEL_PENDING;",
  },
  {
    name: "cancellation: cleanups do not run",
    file: "scheduler",
    from: "  if (cleanupsOf(fiber)) {",
    to: "  if (cleanupsOf(fiber) && outcomeOf(f) == State.DONE) {",
  },
  {
    name: "cleanups: the first one first",
    file: "cleanup",
    from: "    const cleanup = changetype<Cleanup>(attachments.cleanups);\n",
    to: "    let cleanup = changetype<Cleanup>(attachments.cleanups);\n    while (cleanup.next) cleanup = cleanup.next!;\n    cleanup.forget();\n    call_indirect<void>(cleanup.invoke, changetype<usize>(cleanup));\n    if (cleanup) return;\n",
  },
  {
    name: "semaphore: a permit is given twice",
    file: "semaphore",
    from: "    s.permits -= count;\n    grant(",
    to: "    grant(",
  },
  {
    name: "semaphore: who waits for many is overtaken, and overtakes",
    file: "semaphore",
    from: "    if (count > s.permits) return;",
    to: "",
  },
  {
    name: "semaphore: one that does not wait any more does not let others go on",
    file: "semaphore",
    from: "  leaveQueue(fiber);\n  serve(record(fiber).object);",
    to: "  leaveQueue(fiber);",
  },
  {
    name: "rwlock: readers do not look for a writer",
    file: "rwlock-core",
    from: "  return !l.owner && !l.waiters;",
    to: "  return !l.waiters;",
  },
  {
    name: "rwlock: a writer does not wait for readers",
    file: "rwlock-core",
    from: "  return !l.owner && !l.readers;",
    to: "  return !l.owner;",
  },
  {
    name: "rwlock: the last reader lets nobody write",
    file: "rwlock-core",
    from: "  keepSpare(attachments, holding);\n  serve(lock);\n}",
    to: "  keepSpare(attachments, holding);\n}",
  },
  { name: "condition: it does not let go of the mutex", file: "condition", from: "  handOff(mutex);\n", to: "" },
  { name: "barrier: the count of a round is not put back", file: "barrier", from: "  b.arrived = 0;\n", to: "" },
  {
    name: "barrier: one fewer is enough",
    file: "barrier",
    from: "b.arrived + 1 < b.parties",
    to: "b.arrived + 2 < b.parties",
  },
  {
    name: "once: done before it is done",
    file: "once",
    from: "    const cleanup = defer<Once>(",
    to: "    this.isOver = true;\n    const cleanup = defer<Once>(",
  },
  {
    name: "once: not passed on when whoever does it is cancelled",
    file: "once",
    from: "  own(once, fiber);\n  grant(fiber);",
    to: "  own(once, fiber);",
  },
];

/**
 * Reads the library with one place changed.
 *
 * @param {Mutant | null} mutant
 */
function sources(mutant) {
  /** @param {string} path */
  const inRepository = (path) => {
    const [, inPackage] = /.*node_modules\/as-fibers\/(.*)/.exec(path.replaceAll("\\", "/")) ?? [];
    return inPackage === undefined ? path : join(root, inPackage);
  };
  return {
    /** @param {string} path */
    async read(path) {
      const file = inRepository(path);
      if (!existsSync(file) || !statSync(file).isFile()) return null;
      const text = readFileSync(file, "utf8");
      return mutant && file === join(root, "assembly", `${mutant.file}.ts`) ? mutate(text, mutant) : text;
    },
    list: async () => null,
  };
}

/**
 * @param {string} text
 * @param {Mutant} mutant
 */
function mutate(text, { name, file, from, to }) {
  if (text.split(from).length !== 2) throw new Error(`${name}: what it changes must stand once in assembly/${file}.ts`);
  // Some wake one where all are woken, and need the name.
  return text.replace(from, () => to).replace(/import \{ ([^}]*)\bwakeAll\b/, "import { $1wakeAll, wakeFirst");
}

/**
 * The module with this mutant in it.
 *
 * @param {Mutant | null} mutant
 */
async function compileMutant(mutant) {
  const { compile } = await import("as-fibers/compiler");
  return compile(PROGRAM, { target: "release", flags: ["--optimizeLevel", "0"] }, sources(mutant));
}

/**
 * Looks for a fault in each export. The first one that is found: by which program, what, and after how many runs; null: none.
 *
 * @param {Mutant | null} mutant
 */
export async function search(mutant) {
  const { explore } = await import("as-fibers/testing");
  const { binary } = await compileMutant(mutant);
  const module = new WebAssembly.Module(/** @type {BufferSource} */ (binary));
  const names = WebAssembly.Module.exports(module).map(({ name }) => /^__fibers_start_(\w+)$/.exec(name)?.[1]);
  let runs = 0;
  for (const entry of names.filter((name) => name !== undefined)) {
    if (mutant) console.error(entry);
    const preemptions = ONLY_FIFO.has(entry) ? 0 : 3;
    const options = {
      entry,
      leaks: /** @type {const} */ ("error"),
      maxSchedules: MAX_SCHEDULES,
      maxSwitches: 2000,
      preemptions,
    };
    try {
      const { failure, schedules, pruned, cut } = await explore(binary, options);
      runs += schedules + pruned;
      if (failure) return { entry, code: failure.fault.code, message: failure.fault.message, runs };
      if (cut || !schedules) return { entry, code: ENDLESS, message: "a run does not end", runs };
    } catch (error) {
      return { entry, code: /** @type {{ code?: string }} */ (error).code ?? "trap", message: String(error), runs };
    }
  }
  return { entry: null, code: "", message: "", runs };
}

/**
 * The same in a process of its own, that can be ended.
 *
 * @param {Mutant} mutant
 */
function searchApart(mutant) {
  const words = [fileURLToPath(import.meta.url), `${ONE}${mutants.indexOf(mutant)}`];
  const { stdout, stderr, error } = spawnSync(process.execPath, words, {
    cwd: root,
    encoding: "utf8",
    timeout: TIMEOUT,
  });
  // Where it was: nowhere, when it was still being compiled.
  if (error) return { entry: stderr.trim().split("\n").at(-1) ?? "", code: ENDLESS, runs: 0 };
  return JSON.parse(stdout.split("\n").findLast((line) => line.startsWith("{")) ?? "");
}

/** @param {string[]} filters */
async function main(filters) {
  const chosen = mutants.filter(({ name }) => !filters.length || filters.some((part) => name.includes(part)));
  const whole = await search(null);
  if (whole.entry) throw new Error(`the library itself fails in ${whole.entry}: ${whole.code}: ${whole.message}`);
  console.log(`the library as it is: no fault in ${whole.runs.toLocaleString("en")} runs`);
  const rows = [];
  let missed = 0;
  for (const mutant of chosen) {
    const { entry, code, runs } = searchApart(mutant);
    if (!entry) missed++;
    console.log(`${entry ? "found" : "MISSED"}: ${mutant.name}${entry ? ` (${entry}, ${code}, ${runs} runs)` : ""}`);
    rows.push(
      `| ${mutant.name} | \`${mutant.file}.ts\` | ${entry ? `\`${entry}\`` : "-"} | ${entry ? code : "not found"} | ${runs.toLocaleString("en")} |`,
    );
  }
  console.log(`${chosen.length - missed} of ${chosen.length} found`);
  if (missed) process.exitCode = 1;
  else if (!filters.length) writeFileSync(join(root, "docs/mutants.md"), table(rows, whole.runs));
}

/**
 * @param {string[]} rows
 * @param {number} runs
 */
function table(rows, runs) {
  return `# Mutants

Written by \`node scripts/mutants.mjs\`. Each line is a fault that was put into one place of the library's primitives. \`explore\` searches
the schedules of small programs, in \`test/guests/mutants.ts\`, with up to three preemptions; what is named here is the first program
that fails. The library as it is passes the same search: ${runs.toLocaleString("en")} runs without a fault.

| mutant | file | found by | as | runs until then |
|---|---|---|---|---:|
${rows.join("\n")}
`;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  setup();
  if (!(await build({ types: false }))) process.exit(1);
  const [first = ""] = process.argv.slice(2);
  if (first.startsWith(ONE))
    console.log(JSON.stringify(await search(mutants[Number(first.slice(ONE.length))] ?? null)));
  else await main(process.argv.slice(2));
}
