/** The simulated network: hosts, latencies, and what goes wrong, by script and by chance. */
import type { VirtualPort } from "as-fibers";
import { type Fault, type FaultChances, simulate, type SimulateOptions } from "as-fibers/testing";
import { describe, expect, test } from "vitest";
import { guest } from "../setup/guests.ts";

const { binary, sourceMap } = guest("testing");
const imports = { app: { twice: (value: number) => value * 2 } };
const QUARTER = 15 * 60_000;

async function answer(listener: VirtualPort): Promise<void> {
  const peer = await listener.accept();
  for (let bytes = await peer.read(4); bytes.length === 4; bytes = await peer.read(4)) await peer.write(bytes);
}

/** Runs the export `ask`: connects to the host "db", asks `rounds` times at intervals of a second, and tells when each answer came. */
function ask(options: SimulateOptions & { rounds?: number } = {}) {
  const { rounds = 3, ...more } = options;
  return simulate(binary, {
    entry: "ask",
    args: ["db", rounds],
    imports,
    sourceMap,
    hosts: { db: { latency: 10 } },
    during({ network }) {
      // Not waited for: it may never hear that the connection is gone.
      if (more.hosts?.["db"] ?? !more.hosts) void answer(network.listen(5432, "db")).catch(() => {});
      return Promise.resolve();
    },
    ...more,
  });
}

/** What came of it: times, in milliseconds, and the code it ended with. */
async function outcome(faults: Fault[] | FaultChances, options: SimulateOptions = {}): Promise<string> {
  const { value } = await ask({ faults, ...options });
  return String(value);
}

describe("latency", () => {
  test("is that of the host: to connect takes one there and back, and so does each question", async () => {
    expect(await outcome([])).toBe("connected 20, 40, 1060, 2080");
  });

  test("drawn from a range, from the seed", async () => {
    const draw = (seed: number) => outcome([], { hosts: { db: { latency: { min: 5, max: 50 } } }, seed });
    const one = await draw(1);
    expect(await draw(1)).toBe(one);
    expect(await draw(2)).not.toBe(one);
    const [connected = 0] = one.match(/\d+/g)?.map(Number) ?? [];
    expect(connected).toBeGreaterThanOrEqual(10);
    expect(connected).toBeLessThanOrEqual(100);
  });

  test("around a mean", async () => {
    expect(await outcome([], { hosts: { db: { latency: { mean: 5, min: 3 } } } })).toMatch(
      /^connected \d+, \d+, \d+, \d+$/,
    );
  });
});

describe("a host", () => {
  test("that is not there, or on which nobody listens", async () => {
    expect(await outcome([], { hosts: { other: {} } })).toBe("ENOTFOUND 0");
    const { value } = await ask({ during: () => Promise.resolve() });
    expect(value).toBe("ECONNREFUSED 20");
  });
});

describe("by script", () => {
  test("a reset: whoever waits or asks next is told", async () => {
    expect(await outcome([{ at: 500, kind: "reset", host: "db" }])).toBe("connected 20, 40, ECONNRESET 1040");
    expect(await outcome([{ at: 1050, kind: "reset" }])).toBe("connected 20, 40, ECONNRESET 1050");
  });

  test("only connections that are meant", async () => {
    expect(await outcome([{ at: 500, kind: "reset", host: "cache" }])).toBe("connected 20, 40, 1060, 2080");
    expect(await outcome([{ at: 500, kind: "reset", port: 80 }])).toBe("connected 20, 40, 1060, 2080");
  });

  test("a partition: what was sent arrives when it is over", async () => {
    expect(await outcome([{ at: 500, kind: "partition", host: "db", for: 3000 }])).toBe("connected 20, 40, 3520, 4540");
  });

  test("a partition before the connection: it waits, and gives up after a quarter of an hour", async () => {
    expect(await outcome([{ at: 0, kind: "partition", host: "db", for: 700 }])).toBe("connected 720, 740, 1760, 2780");
    expect(await outcome([{ at: 0, kind: "partition", host: "db" }])).toBe(`ETIMEDOUT ${QUARTER}`);
  });

  test("a lost connection: the question is never answered, and the system gives up", async () => {
    expect(await outcome([{ at: 500, kind: "lost" }])).toBe(`connected 20, 40, ETIMEDOUT ${1040 + QUARTER}`);
  });

  test("a half-open peer: who writes to it is told that it has gone", async () => {
    expect(await outcome([{ at: 500, kind: "half-open" }])).toBe("connected 20, 40, ECONNRESET 1060");
  });

  test("a slow reader: the buffers fill, and writes wait", async () => {
    const flood = (faults: Fault[]) =>
      simulate(binary, {
        entry: "flood",
        args: ["db", 100_000],
        imports,
        hosts: { db: { latency: 1 } },
        window: 10_000,
        faults,
        during: async ({ network }) => void (await (await network.listen(5432, "db").accept()).read(100_000)),
      });
    expect((await flood([])).value).toBeLessThan(100);
    const { value } = await flood([{ at: 3, kind: "slow", bytesPerSecond: 1000 }]);
    expect(value).toBeGreaterThan(80_000);
  });
});

describe("by chance", () => {
  test("the same seed is the same misfortune; over many seeds, all of them happen", async () => {
    const faults: FaultChances = {
      chances: { reset: 0.2, lost: 0.2, "half-open": 0.2, partition: 0.2, slow: 0.2 },
      within: 2000,
    };
    const seen = new Set<string>();
    for (let seed = 1; seed <= 25; seed++) {
      const one = await outcome(faults, { seed });
      if (seed < 5) expect(await outcome(faults, { seed })).toBe(one);
      seen.add(/[A-Z]+/.exec(one)?.[0] ?? "fine");
    }
    expect([...seen].toSorted()).toEqual(["ECONNRESET", "ETIMEDOUT", "fine"]);
  });
});

test("a simulated day of a server with connections that come and go", async () => {
  const connections = 20;
  const hours = 24;
  let answers = 0;
  const { failure, time } = await simulate(binary, {
    entry: "echo",
    args: [connections],
    imports,
    latency: { mean: 20, min: 1 },
    async during({ network }) {
      const talk = async () => {
        const peer = await network.connect(7000);
        for (let i = 0; i < hours; i++) {
          await peer.write("ping");
          const { length } = await peer.read(4);
          answers += length / 4;
          await peer.pause(3_600_000);
        }
        peer.close();
      };
      await Promise.all(Array.from({ length: connections }, talk));
    },
  });
  expect(failure).toBeUndefined();
  expect(answers).toBe(connections * hours);
  expect(time).toBeGreaterThan(86_400_000);
});
