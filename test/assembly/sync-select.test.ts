/**
 * What fibers wait for each other by, as cases of a `Select`; outside of fibers; and what it keeps and leaves in memory. Scripts: see
 * test/guests/sync.ts.
 */
import { describe, expect, test } from "vitest";
import { readHeap } from "../setup/heap.ts";
import { loadSync, play, played, playWith } from "../setup/sync-scripts.ts";

const cancelledBy = (number: number) => `E_CANCELLED: by ${number}`;

describe("a case of a select", () => {
  test("runs when it is ready, alone", async () => {
    const expected = played(
      `
        1 select lock event acquire:2 timeout:5: lock, 1 available: 2, 1 isLocked: true, 1 unlock,
        2 poll acquire:3 event lock: lock, 2 unlock, 3 add, 3 poll acquire:3 event waitGroup: none, 3 set,
        3 poll acquire:3 event waitGroup: event, 3 done, 3 poll acquire:3 waitGroup: waitGroup
      `,
      {},
      "permits: 2",
    );
    expect(
      await playWith(
        2,
        "select lock event acquire:2 timeout:5, available, isLocked, unlock",
        "poll acquire:3 event lock, unlock",
        "add, poll acquire:3 event waitGroup, set, poll acquire:3 event waitGroup, done, poll acquire:3 waitGroup",
      ),
    ).toEqual(expected);
  });

  test("that loses leaves nothing behind", async () => {
    const expected = played(
      `
        1 lock, 1 write, 1 add, 1 sleep 1, 1 unlock, 1 endWrite, 1 release 2, 1 set, 1 done, 4 sleep 1,
        2 select lock read acquire event waitGroup: lock, 2 isLocked: true, 2 unlock,
        3 select event write acquire waitGroup: write, 3 endWrite, 4 yield, 3 yield, 4 yield,
        4 tryLock: true, 4 unlock, 4 tryWrite: true, 4 endWrite, 4 available: 2
      `,
      {},
      "permits: 2",
    );
    expect(
      await play(
        "lock, write, add, sleep 1, unlock, endWrite, release 2, set, done",
        "select lock read acquire event waitGroup, isLocked, unlock",
        "select event write acquire waitGroup, endWrite, yield",
        "sleep 1, yield, yield, tryLock, unlock, tryWrite, endWrite, available",
      ),
    ).toEqual(expected);
  });

  test("stands in the queue: served in its turn", async () => {
    const expected = played(`
        1 lock, 1 write, 1 yield, 1 unlock, 1 endWrite, 1 release, 11 yield, 2 lock, 2 unlock, 4 write,
        4 endWrite, 8 acquire, 1 yield, 11 yield, 3 select event lock: lock, 3 unlock,
        5 select event write: write, 5 endWrite, 11 yield, 11 release 3, 1 lock, 1 unlock,
        6 select event read: read, 6 endRead, 7 read, 7 endRead, 9 select event acquire:2: acquire:2,
        10 acquire
      `);
    expect(
      await play(
        "lock, write, yield, unlock, endWrite, release, yield, lock, unlock",
        "lock, unlock",
        "select event lock, unlock",
        "write, endWrite",
        "select event write, endWrite",
        "select event read, endRead",
        "read, endRead",
        "acquire",
        "select event acquire:2",
        "acquire",
        "yield, yield, yield, release 3",
      ),
    ).toEqual(expected);
  });

  test("that timed out leaves those behind it served: semaphore", async () => {
    const expected = played(
      "3 release, 3 available: 1, 2 acquire, 2 available: 0, 1 select acquire:2 timeout:5: timeout:5",
    );
    expect(await play("select acquire:2 timeout:5", "acquire, available", "release, available")).toEqual(expected);
  });

  test("that timed out leaves those behind it served: lock", async () => {
    const expected = played(`
        1 read, 3 read, 3 endRead, 2 select write timeout:5: timeout:5, 1 sleep 9, 1 endRead, 4 write,
        4 endWrite
      `);
    expect(await play("read, sleep 9, endRead", "select write timeout:5", "read, endRead", "write, endWrite")).toEqual(
      expected,
    );
  });

  test("that lost leaves those behind it served", async () => {
    const expected = played(`
        1 read, 1 yield, 1 set, 1 release, 3 read, 3 endRead, 2 select write acquire:2 event: event,
        4 acquire, 1 sleep 1, 1 endRead
      `);
    expect(
      await play(
        "read, yield, set, release, sleep 1, endRead",
        "select write acquire:2 event",
        "read, endRead",
        "acquire",
      ),
    ).toEqual(expected);
  });

  test("of a cancelled select leaves those behind it served", async () => {
    const expected = played(
      `
        1 read, 1 release, 1 yield, 1 cancel 2, 3 read, 3 endRead, 4 acquire, 1 sleep 1, 1 endRead,
        5 write, 5 endWrite
      `,
      { 2: cancelledBy(1) },
    );
    expect(
      await play(
        "read, release, yield, cancel 2, sleep 1, endRead",
        "select write acquire:2 event",
        "read, endRead",
        "acquire",
        "write, endWrite",
      ),
    ).toEqual(expected);
  });

  test("twice for one semaphore: takes once", async () => {
    const expected = played(
      `
        4 yield, 4 release 3, 4 cancel 1, 4 yield, 4 available: 3, 3 acquire 2,
        2 select acquire:5 acquire:1 timeout:5: timeout:5, 2 available: 1, 4 sleep 10, 4 available: 1
      `,
      { 1: cancelledBy(4) },
      "permits: 1",
    );
    expect(
      await play(
        "acquire 9",
        "select acquire:5 acquire:1 timeout:5, available",
        "acquire 2",
        "yield, release 3, cancel 1, yield, available, sleep 10, available",
      ),
    ).toEqual(expected);
  });

  test("twice for one lock: locks once", async () => {
    const expected = played(`
        1 write, 1 lock, 1 yield, 1 endWrite, 1 unlock, 2 select write write read read: write, 2 endWrite,
        4 select lock lock: lock, 4 unlock, 3 select read write read: read, 3 endRead, 5 lock, 5 unlock
      `);
    expect(
      await play(
        "write, lock, yield, endWrite, unlock",
        "select write write read read, endWrite",
        "select read write read, endRead",
        "select lock lock, unlock",
        "lock, unlock",
      ),
    ).toEqual(expected);
  });

  test("that was given is kept by a fiber that is cancelled then, until it next waits", async () => {
    const expected = played(
      `
        1 lock, 1 yield, 1 unlock, 1 cancel 2, 2 select lock event: lock, 2 isLocked: true, 1 yield,
        1 isLocked: true, 2 unlock, 3 lock, 3 isAbandoned: false, 3 unlock
      `,
      { 2: cancelledBy(1) },
    );
    expect(
      await play(
        "lock, yield, unlock, cancel 2, yield, isLocked",
        "defer unlock, select lock event, isLocked, yield",
        "lock, isAbandoned, unlock",
      ),
    ).toEqual(expected);
  });

  test("given a lock that its fiber then leaves: abandoned", async () => {
    const expected = played(
      `
        1 lock, 1 write, 1 yield, 1 unlock, 1 endWrite, 2 select event lock: lock,
        3 select event write: write, 4 lock, 4 isAbandoned: true, 4 unlock, 5 write,
        5 isLockAbandoned: true, 5 endWrite
      `,
      {},
      "mutex abandoned, lock abandoned",
    );
    expect(
      await play(
        "lock, write, yield, unlock, endWrite",
        "select event lock",
        "select event write",
        "lock, isAbandoned, unlock",
        "write, isLockAbandoned, endWrite",
      ),
    ).toEqual(expected);
  });

  test("with what its fiber owns, or a wrong count: an error", async () => {
    const expected = played(
      "1 lock, 2 read, 3 read, 4 write",
      {
        1: "E_RELOCK: cannot lock: this fiber owns the mutex already, and would wait for itself forever; unlock it first, or leave locking to the caller",
        2: "E_RELOCK: cannot lock for reading: this fiber has locked it for reading already, and could wait for itself forever; unlock it first, or leave locking to the caller",
        3: "E_RELOCK: cannot lock for writing: this fiber has locked it for reading already, and could wait for itself forever; unlock it first, or leave locking to the caller",
        4: "E_RELOCK: cannot lock for reading: this fiber has locked it for writing already, and could wait for itself forever; unlock it first, or leave locking to the caller",
        5: "E_INVALID_COUNT: cannot acquire 0 permits of a semaphore: it takes 1 or more",
      },
      "mutex abandoned, lock abandoned",
    );
    expect(
      await play(
        "lock, select lock event",
        "read, select event read",
        "read, poll write",
        "write, select read",
        "select acquire:0",
      ),
    ).toEqual(expected);
  });
});

describe("outside of fibers", () => {
  test("works what need not wait", async () => {
    expect(await (await loadSync()).exports["afterStart"]?.()).toBe("false 2 true -1");
  });

  test.each([
    ["Mutex.lock", 1],
    ["Mutex.tryLock", 2],
    ["Condition.wait", 4],
    ["RwLock.readLock", 5],
    ["RwLock.tryWriteLock", 6],
    ["Semaphore.acquire of more than there is", 8],
    ["WaitGroup.wait for something", 9],
    ["Barrier.wait", 10],
    ["Event.wait for one that is not set", 11],
    ["Once.do", 12],
    ["Select.poll that would lock", 13],
  ])("%s fails with E_NOT_IN_FIBER", async (_verb, choice) => {
    await expect(loadSync({}, {}, choice)).rejects.toMatchObject({
      code: "E_NOT_IN_FIBER",
      message: expect.stringMatching(/^this works only in a fiber, and none is running/) as string,
    });
  });

  test.each([
    [3, "E_NOT_OWNER", expect.stringMatching(/^cannot unlock: the mutex does not belong to this fiber/) as string],
    [7, "E_NOT_OWNER", expect.stringMatching(/^cannot readUnlock: this fiber has not locked it/) as string],
    [14, "E_INVALID_COUNT", "a semaphore cannot have -1 permits: it takes 0 or more"],
    [15, "E_INVALID_COUNT", "cannot release 0 permits of a semaphore: it takes 1 or more"],
    [16, "E_INVALID_COUNT", "a barrier cannot be for 0 fibers: it takes 1 or more"],
    [17, "E_NEGATIVE_COUNT", expect.stringMatching(/^cannot take 1 from a wait group that counts 0/) as string],
  ])("misuse fails with its own code: %d", async (choice, code, message) => {
    await expect(loadSync({}, {}, choice)).rejects.toMatchObject({ code, message });
  });
});

describe("memory", () => {
  const variants = [
    ["incremental", {}],
    ["incremental, in the smallest steps", { label: "small-steps" }],
    ["minimal", { runtime: "minimal" }],
  ] as const;

  /** Of each kind a wait, a hand-off, a timeout, a cancellation, a select that loses, and a lock that is abandoned. */
  const ROUND = [
    "2",
    "lock, write, acquire 2, add, yield, wait 5, unlock, endWrite, release 2, set, done, meet",
    "with, wait 1, yield, signal",
    "select write acquire event waitGroup timeout:3, meet",
    "withRead, lock, yield, fail",
    "select acquire:2 event, release 2, select read timeout:1, cancel 8, meet",
    "withPermits, waitGroup, once, yield, fail",
    "waitGroup, once, event, read, read",
    "acquire 9",
  ].join(" | ");

  test.each(variants)("%s: 10,000 rounds leave nothing behind", async (_runtime, variant) => {
    const app = await loadSync(variant);
    const round = async (count: number) => {
      await app.exports["playAgain"]?.(ROUND, count);
      app.collect();
      return readHeap(app);
    };
    const before = await round(10);
    expect(await round(10_000)).toEqual(before);
  });

  test("is not taken by what does not wait", async () => {
    // The runtime minimal collects between turns only.
    const app = await loadSync({ runtime: "minimal" });
    await app.exports["useMany"]?.(1);
    const before = await readHeap(app);
    await app.exports["useMany"]?.(10_000);
    expect((await readHeap(app)).usedBytes - before.usedBytes).toBeLessThan(2000);
  });

  test.each(variants)("%s: locks that only their owners and waiters know are kept", async (_runtime, variant) => {
    const app = await loadSync(variant, { turnSwitches: 16 });
    const round = async () => {
      await app.exports["loseLocks"]?.(20);
      app.collect();
      await app.exports["playAgain"]?.(ROUND, 20);
      expect(await app.exports["endLost"]?.()).toBe(40);
      app.collect();
      return readHeap(app);
    };
    const before = await round();
    expect(await round()).toEqual(before);
  });
});
