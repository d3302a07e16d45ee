/** `Mutex` and `Condition`: order, hand-off, misuse, cancellation, abandoned locks. Scripts: see test/guests/sync.ts. */
import { describe, expect, test } from "vitest";
import { play, played } from "../setup/sync-scripts.ts";

const RELOCK =
  "E_RELOCK: cannot lock: this fiber owns the mutex already, and would wait for itself forever; unlock it first, or leave locking to the caller";
const NOT_OWNER =
  "E_NOT_OWNER: cannot unlock: the mutex does not belong to this fiber, nobody owns it; only the fiber that has locked it can unlock";

const cancelledBy = (number: number) => `E_CANCELLED: by ${number}`;
const AS_TOLD = "E_FAILED: as told";
const TRAPPED = "E_TRAP: unreachable";

describe("a mutex", () => {
  test("is handed to the fiber that has waited longest, and nobody overtakes it", async () => {
    const expected = played(`
        1 lock, 4 tryLock: false, 1 yield, 1 unlock, 1 tryLock: false, 4 yield, 2 lock, 2 unlock, 4 yield,
        3 lock, 3 unlock, 4 yield, 1 lock, 1 unlock, 4 yield, 4 tryLock: true, 4 unlock
      `);
    expect(
      await play(
        "lock, yield, unlock, tryLock, lock, unlock",
        "lock, unlock",
        "lock, unlock",
        "tryLock, yield, yield, yield, yield, tryLock, unlock",
      ),
    ).toEqual(expected);
  });

  test("locked by its owner, unlocked by another: errors, not hangs", async () => {
    const expected = played(
      "1 lock, 2 lock, 4 lock, 4 yield, 4 unlock, 6 unlock",
      {
        1: RELOCK,
        2: RELOCK,
        3: NOT_OWNER,
        4: "E_NOT_OWNER: cannot unlock: the mutex does not belong to this fiber, fiber 6 owns it; only the fiber that has locked it can unlock",
        5: "E_NOT_OWNER: cannot unlock: the mutex does not belong to this fiber, fiber 4 owns it; only the fiber that has locked it can unlock",
        6: NOT_OWNER,
      },
      "mutex abandoned",
    );
    expect(
      await play("lock, lock", "lock, tryLock", "unlock", "lock, yield, unlock, unlock", "unlock", "with, unlock"),
    ).toEqual(expected);
  });

  test("loses a fiber that is cancelled while it waits; the others keep their order", async () => {
    const expected = played(
      "1 lock, 1 yield, 1 cancel 2, 1 unlock, 3 lock, 1 yield, 1 isLocked: true, 3 yield, 3 unlock",
      { 2: cancelledBy(1) },
    );
    expect(await play("lock, yield, cancel 2, unlock, yield, isLocked", "lock, unlock", "lock, yield, unlock")).toEqual(
      expected,
    );
  });

  test("stays with a fiber that was cancelled after it was handed to it, until that next waits", async () => {
    const expected = played(
      `
        1 lock, 1 yield, 1 unlock, 1 cancel 2, 2 lock, 2 isLocked: true, 1 yield, 1 isLocked: true,
        2 unlock, 3 lock, 3 isAbandoned: false, 3 unlock
      `,
      { 2: cancelledBy(1) },
    );
    expect(
      await play(
        "lock, yield, unlock, cancel 2, yield, isLocked",
        "defer unlock, lock, isLocked, yield, unlock",
        "lock, isAbandoned, unlock",
      ),
    ).toEqual(expected);
  });

  test("that an ended fiber owned goes on, abandoned, after failing, returning, cancelling and trapping", async () => {
    const expected = played(
      `
        1 lock, 2 lock, 2 isAbandoned: true, 2 clearAbandoned, 2 yield, 3 lock, 3 isAbandoned: true,
        3 clearAbandoned, 6 sleep 1, 6 cancel 3, 4 lock, 4 isAbandoned: true, 4 clearAbandoned, 4 yield,
        5 lock, 5 isAbandoned: true, 5 clearAbandoned, 5 isAbandoned: false, 5 unlock
      `,
      { 2: AS_TOLD, 3: cancelledBy(6), 4: TRAPPED },
    );
    expect(
      await play(
        "lock",
        "lock, isAbandoned, clearAbandoned, yield, fail",
        "lock, isAbandoned, clearAbandoned, sleep 5",
        "lock, isAbandoned, clearAbandoned, yield, trap",
        "lock, isAbandoned, clearAbandoned, isAbandoned, unlock",
        "sleep 1, cancel 3",
      ),
    ).toEqual(expected);
  });

  test("is not abandoned when a cleanup unlocks it", async () => {
    const expected = played("1 lock, 1 yield, 1 unlock, 2 lock, 2 isAbandoned: false, 2 unlock", { 1: AS_TOLD });
    expect(await play("defer unlock, lock, yield, fail", "lock, isAbandoned, unlock")).toEqual(expected);
  });

  test("is unlocked by with, however its function ends", async () => {
    const expected = played(
      `
        1 isLocked: true, 1 yield, 1 with, 2 yield, 6 sleep 1, 6 cancel 3, 4 yield, 5 lock,
        5 isAbandoned: false, 5 unlock
      `,
      { 2: AS_TOLD, 3: cancelledBy(6), 4: TRAPPED },
    );
    expect(
      await play(
        "with, isLocked, yield",
        "with, yield, fail",
        "with, sleep 5",
        "with, yield, trap",
        "lock, isAbandoned, unlock",
        "sleep 1, cancel 3",
      ),
    ).toEqual(expected);
  });
});

describe("a condition", () => {
  test("gives the mutex away, and takes it again", async () => {
    const expected = played(
      "1 lock, 2 lock, 2 signal, 2 isLocked: true, 2 unlock, 1 wait: true, 1 isLocked: true, 1 unlock",
    );
    expect(await play("lock, wait, isLocked, unlock", "lock, signal, isLocked, unlock")).toEqual(expected);
  });

  test("is signalled in the order of arrival; who comes after a signal does not get it", async () => {
    const expected = played(`
        1 lock, 2 lock, 3 lock, 3 signal, 3 signal, 3 signal, 4 lock, 4 signal, 1 wait: true, 1 unlock,
        2 wait: true, 2 unlock, 3 wait: true, 3 unlock, 4 wait 5: false, 4 unlock
      `);
    expect(
      await play(
        "lock, wait, unlock",
        "lock, wait, unlock",
        "lock, signal, signal, signal, wait, unlock",
        "lock, signal, wait 5, unlock",
      ),
    ).toEqual(expected);
  });

  test("wakes by broadcast all who wait at that moment", async () => {
    const expected = played(`
        1 lock, 2 lock, 3 lock, 3 broadcast, 1 wait: true, 1 unlock, 2 wait: true, 2 unlock, 4 sleep 1,
        4 signal, 3 wait: true, 3 unlock
      `);
    expect(
      await play("lock, wait, unlock", "lock, wait, unlock", "lock, broadcast, wait, unlock", "sleep 1, signal"),
    ).toEqual(expected);
  });

  test("without the mutex, or with a wrong time: an error", async () => {
    const expected = played(
      "2 lock, 3 lock, 3 yield, 3 unlock",
      {
        1: "E_NOT_OWNER: cannot wait: the mutex does not belong to this fiber, nobody owns it; only the fiber that has locked it can wait",
        2: "E_INVALID_DURATION: cannot wait for -1.0 milliseconds: it takes 0 or more",
        4: "E_NOT_OWNER: cannot wait: the mutex does not belong to this fiber, fiber 3 owns it; only the fiber that has locked it can wait",
      },
      "mutex abandoned",
    );
    expect(await play("wait", "lock, wait -1", "lock, yield, unlock", "wait 5")).toEqual(expected);
  });

  test("cancelled: the fiber owns the mutex in its cleanups", async () => {
    const expected = played(
      `
        1 lock, 2 lock, 2 cancel 1, 3 isLocked: true, 2 yield, 3 yield, 2 yield, 2 isLocked: true,
        2 unlock, 3 yield, 3 yield, 3 isLocked: true, 3 tryLock: false, 1 unlock
      `,
      { 1: cancelledBy(2) },
    );
    expect(
      await play(
        "defer unlock, lock, wait",
        "lock, cancel 1, yield, yield, isLocked, unlock",
        "isLocked, yield, yield, yield, isLocked, tryLock",
      ),
    ).toEqual(expected);
  });

  test("cancelled without a cleanup that unlocks: the mutex is abandoned", async () => {
    const expected = played(
      "1 lock, 2 lock, 2 cancel 1, 2 unlock, 3 yield, 3 yield, 3 lock, 3 isAbandoned: true, 3 unlock",
      { 1: cancelledBy(2) },
      "mutex abandoned",
    );
    expect(await play("lock, wait", "lock, cancel 1, unlock", "yield, yield, lock, isAbandoned, unlock")).toEqual(
      expected,
    );
  });

  test("signalled and then cancelled: the signal is not lost; the fiber goes on until its next wait", async () => {
    const expected = played(
      "1 lock, 2 lock, 2 signal, 2 cancel 1, 2 unlock, 1 wait: true, 1 isLocked: true, 1 unlock",
      { 1: cancelledBy(2) },
    );
    expect(await play("lock, wait, isLocked, unlock, yield", "lock, signal, cancel 1, unlock")).toEqual(expected);
  });

  test("cancelled and then signalled: the signal is for the next one", async () => {
    const expected = played(
      "1 lock, 2 lock, 3 lock, 3 cancel 1, 3 signal, 3 unlock, 1 unlock, 2 wait: true, 2 unlock",
      { 1: cancelledBy(3) },
    );
    expect(await play("defer unlock, lock, wait", "lock, wait, unlock", "lock, cancel 1, signal, unlock")).toEqual(
      expected,
    );
  });

  test("signalled, cancelled and waiting again: cancelled there, owning the mutex", async () => {
    const expected = played(
      `
        1 lock, 2 lock, 3 lock, 3 signal, 3 cancel 1, 3 unlock, 1 wait: true, 3 yield, 3 yield, 1 unlock,
        3 lock, 3 signal, 3 unlock, 2 wait: true, 2 unlock
      `,
      { 1: cancelledBy(3) },
    );
    expect(
      await play(
        "defer unlock, lock, wait, wait",
        "lock, wait, unlock",
        "lock, signal, cancel 1, unlock, yield, yield, lock, signal, unlock",
      ),
    ).toEqual(expected);
  });

  test("tells a wait that was too long; the signal is for another", async () => {
    const expected = played(`
        1 lock, 2 lock, 1 wait 10: false, 1 unlock, 3 sleep 15, 3 signal, 2 wait 20: true, 2 unlock,
        3 sleep 10, 3 signal
      `);
    expect(await play("lock, wait 10, unlock", "lock, wait 20, unlock", "sleep 15, signal, sleep 10, signal")).toEqual(
      expected,
    );
  });

  test("signalled in time counts, however long the mutex is locked then; else not", async () => {
    const expected = played(`
        1 lock, 2 lock, 3 lock, 3 signal, 3 sleep 20, 3 signal, 3 unlock, 1 wait 10: true, 1 unlock,
        2 wait 10: false, 2 unlock
      `);
    expect(
      await play("lock, wait 10, unlock", "lock, wait 10, unlock", "lock, signal, sleep 20, signal, unlock"),
    ).toEqual(expected);
  });

  test("is shielded while it takes the mutex again after its time: cancelled as its owner", async () => {
    const expected = played(
      "1 lock, 2 sleep 5, 2 lock, 2 sleep 10, 2 cancel 1, 2 sleep 1, 2 unlock, 1 isLocked: true",
      { 1: cancelledBy(2) },
      "mutex abandoned",
    );
    expect(await play("defer isLocked, lock, wait 10", "sleep 5, lock, sleep 10, cancel 1, sleep 1, unlock")).toEqual(
      expected,
    );
  });

  test("can be waited for in a cleanup", async () => {
    const expected = played("1 lock, 1 wait 5: false, 1 unlock", { 1: AS_TOLD });
    expect(await play("defer unlock, defer wait 5, defer lock, fail")).toEqual(expected);
  });
});
