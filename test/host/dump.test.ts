/** What a dump shows, and that looking changes nothing; and what is said of fibers that are left at the end. */
import { type App, FibersError, load, type LoadOptions, virtualDriver } from "as-fibers";
import { describe, expect, test } from "vitest";
import { guest } from "../setup/guests.ts";
import { placeOf } from "../setup/source.ts";

const debug = guest("reports", { target: "debug" });
const module = new WebAssembly.Module(debug.binary as BufferSource);

function loadReports({ note = () => {}, ...options }: LoadOptions & { note?: () => void } = {}): Promise<App> {
  const { sourceMap } = debug;
  return load(module, { driver: virtualDriver(), imports: { app: { note } }, sourceMap, ...options });
}

const place = (marked: string) => {
  const { file, line, column } = placeOf("reports", marked);
  return `${file}:${line}:${column}`;
};

const received = `    at receive (${place("|channel.receive()")})\n    waits for channel 1 (${place("|new Channel<i32>(2)")})`;
const indented = (text: string) => text.replace(/^/gm, "  ");
const codeOf = (error: unknown) => (error as { code: unknown }).code;

describe("dump", () => {
  test("shows the fibers of a scope below the one that has made it", async () => {
    const app = await loadReports();
    const ended = app.exports.tree?.().catch(codeOf);
    await new Promise(setImmediate);
    expect(app.dump()).toBe(`\
fiber 1 "tree": parked (scope)
    at tree (${place("|scope.wait();\n}\n\nfunction branch")})
    waits for scope 1 (${place("scope = |new Scope();\n  scope.go(branch")})
  fiber 2 "branch": parked (scope)
      at branch (${place("|scope.wait();\n}\n\nexport function many")})
      waits for scope 2 (${place("scope = |new Scope();\n  for (let i = 0; i < leaves")})
      started at ${place("|scope.go(branch")}
    fiber 4: parked (receive)
${indented(indented(received))}
        started at ${place("|scope.go(receive, queue);")}
    fiber 5: parked (receive)
${indented(indented(received))}
        started at ${place("|scope.go(receive, queue);")}
  fiber 3 "leaf": parked (receive)
${indented(received)}
      started at ${place('|scope.go(receive, queue, "leaf")')}`);
    await app.close();
    expect(await ended).toBe("E_INSTANCE_CLOSED");
  });

  test("tells of many that are alike at once", async () => {
    const app = await loadReports();
    await app.exports.many?.(12_345);
    expect(app.dump()).toBe(`\
fiber 2 "r0" to fiber 12346 "r12344" (12,345 alike): parked (receive)
${received}
    started at ${place("|go(receive, queue, `r${i}`)")}`);
    app.terminate();
  });

  test("tells the cases of a select, who holds a lock, which socket, and how long it takes", async () => {
    const app = await loadReports();
    const ended = app.exports.different?.();
    for (let i = 0; i < 2; i++) await new Promise(setImmediate);
    expect(app.dump()).toBe(`\
fiber 1 "different": parked (sleep)
    at different (${place("|sleep(1500)")})
    1.5 s left
fiber 2 "owner": parked (sleep)
    at own (${place("|sleep(milliseconds)")})
    90 s left
    started at ${place("|go<f64>(own")}
fiber 3 "chooser": parked (select)
    at choose (${place("|select.wait()")})
    waits for channel 1 (${place("|new Channel<i32>(2)")}): receive
    waits for semaphore 1 (${place("|new Semaphore(0)")}): acquire
    waits for mutex 1 (${place("|new Mutex()")}), held by fiber 2 "owner": lock
    70 s left
    started at ${place("|go(choose")}
fiber 4 "server": parked (accept)
    at listen (${place("|TcpListener.bind")})
    waits for socket 3
    started at ${place("|go(listen")}`);
    await ended;
    app.terminate();
  });

  test("during a turn, tells states and reasons at once, and the stacks when it has ended", async () => {
    const dumps: string[] = [];
    const later: Promise<string>[] = [];
    const note = () => {
      dumps.push(app.dump());
      later.push(app.dumpAfterTurn());
    };
    const app: App = await loadReports({ note });
    await app.exports.noteWithin?.();
    const waiting = (stack: string) =>
      `fiber 2 "waiting": parked (receive)${stack}\n    waits for channel 1 (${place("|new Channel<i32>(2)")})\n    started at ${place('|go(receive, queue, "waiting")')}`;
    expect(dumps).toEqual([`fiber 1 "noteWithin": running\n${waiting("")}`]);
    expect(await Promise.all(later)).toEqual([
      `fiber 1 "noteWithin": parked (sleep)\n    at noteWithin (${place("|sleep(1);")})\n    1 ms left\n${waiting(`\n    at receive (${place("|channel.receive()")})`)}`,
    ]);
    app.terminate();
  });

  test("changes nothing: a run is the same with a dump after every switch", async () => {
    const runOf = async (isDumped: boolean) => {
      let stdout = "";
      const driver = virtualDriver({
        stdout: { write: (text: Uint8Array | string) => ((stdout += text.toString()), true) } as never,
        turnSwitches: 1,
      } as never);
      const app = await loadReports({ driver });
      let dumps = 0;
      void app.exports.race?.(5, 30);
      while (app.pendingCalls) {
        if (isDumped && app.dump().length) dumps++;
        await new Promise(setImmediate);
      }
      const { switches, liveBytes, isIntact } = app;
      app.terminate();
      return { stdout, switches, liveBytes, isIntact, dumps };
    };
    const plain = await runOf(false);
    const { dumps, ...dumped } = await runOf(true);
    expect(dumps).toBeGreaterThan(50);
    expect({ ...dumped, dumps: 0 }).toEqual(plain);
    expect(plain.stdout.split("\n")).toHaveLength(5 * 30 + 1);
  });
});

describe("leaks", () => {
  const left = `\
nobody waits for these fibers any more, and they have not ended:
fiber 2 "r0": parked (receive)
${received}
    started at ${place("|go(receive, queue, `r${i}`)")}`;

  test("are ignored unless asked for", async () => {
    const told: Error[] = [];
    const app = await loadReports({ onUnobserved: (error) => told.push(error) });
    await app.exports.leave?.(1);
    await app.exports.leaveScope?.();
    await app.close();
    expect(told).toEqual([]);
    expect(app.warnings).toEqual([]);
  });

  test("warn: once, with all that a dump shows", async () => {
    const told: Error[] = [];
    const app = await loadReports({ leaks: "warn", onUnobserved: (error) => told.push(error) });
    await app.exports.leave?.(1);
    expect(told).toEqual([]);
    await app.close();
    await app.close();
    expect(told).toEqual([new FibersError("E_LEAK", left)]);
    expect(app.warnings).toEqual([`E_LEAK: ${left}`]);
  });

  test("warn: a scope that nobody has waited for, when its fiber has returned", async () => {
    const app = await loadReports({ leaks: "warn", onUnobserved: () => {} });
    await app.exports.leaveScope?.();
    expect(app.warnings).toEqual([
      `E_SCOPE_LEFT: a scope was never waited for: the fiber that made it has returned, and 1 of its fibers were cancelled; it was made at ${place('|new Scope();\n  scope.go(receive, queue, "child");\n  yieldNow();\n}')} (fiber leaveScope)`,
    ]);
    await app.close();
  });

  test("warn: not one whose fiber has failed, nor fibers of a call that is pending", async () => {
    const app = await loadReports({ leaks: "warn", onUnobserved: () => {} });
    await expect(app.exports.failInScope?.()).rejects.toMatchObject({ code: "E_EXAMPLE" });
    const pending = app.exports.tree?.().catch(codeOf);
    await new Promise(setImmediate);
    await app.close();
    expect(await pending).toBe("E_INSTANCE_CLOSED");
    expect(app.warnings).toEqual([]);
  });

  test("error: closing fails, when all is closed", async () => {
    const app = await loadReports({ leaks: "error", onUnobserved: () => {} });
    await app.exports.leaveFailure?.();
    await app.exports.leave?.(1);
    const error = await app.close().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "E_LEAK" });
    expect((error as Error).message).toMatch(
      /^nobody waits for these fibers[^]*\nnobody looked at:\nE_UNSEEN: nobody looks \(fiber unseen\)$/,
    );
    expect(app.fibers()).toEqual([]);
    await expect(app.exports.leave?.(1)).rejects.toMatchObject({ code: "E_INSTANCE_CLOSED" });
  });

  test("error: nothing, when nothing is left", async () => {
    const app = await loadReports({ leaks: "error" });
    await app.exports.race?.(3, 3);
    await app.close();
  });

  test("anything else is refused", async () => {
    await expect(loadReports({ leaks: "loud" as never })).rejects.toMatchObject({ code: "E_INVALID_OPTION" });
  });
});
