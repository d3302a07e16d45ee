/** `RwLock`: order, hand-off, misuse, cancellation, abandoned locks. Scripts: see test/guests/sync.ts. */
import { describe, expect, test } from "vitest";
import { play, played } from "../setup/sync-scripts.ts";

const READ_RELOCK =
  "E_RELOCK: cannot lock for reading: this fiber has locked it for reading already, and could wait for itself forever; unlock it first, or leave locking to the caller";
const WRITE_RELOCK =
  "E_RELOCK: cannot lock for writing: this fiber has locked it for writing already, and could wait for itself forever; unlock it first, or leave locking to the caller";
const WRITE_WHILE_READING =
  "E_RELOCK: cannot lock for writing: this fiber has locked it for reading already, and could wait for itself forever; unlock it first, or leave locking to the caller";
const READ_WHILE_WRITING =
  "E_RELOCK: cannot lock for reading: this fiber has locked it for writing already, and could wait for itself forever; unlock it first, or leave locking to the caller";

const cancelledBy = (number: number) => `E_CANCELLED: by ${number}`;
const AS_TOLD = "E_FAILED: as told";
const TRAPPED = "E_TRAP: unreachable";

describe("a read-write lock", () => {
  test("is read by many at a time, and nobody overtakes a writer that waits", async () => {
    const expected = played(`
        1 read, 2 read, 5 tryRead: false, 5 tryWrite: false, 1 yield, 2 yield, 1 yield, 1 endRead, 2 yield,
        2 endRead, 3 write, 3 yield, 3 endWrite, 4 read, 4 endRead, 5 sleep 1, 5 tryWrite: true,
        5 endWrite, 5 tryRead: true, 5 endRead
      `);
    expect(
      await play(
        "read, yield, yield, endRead",
        "read, yield, yield, endRead",
        "write, yield, endWrite",
        "read, endRead",
        "tryRead, tryWrite, sleep 1, tryWrite, endWrite, tryRead, endRead",
      ),
    ).toEqual(expected);
  });

  test("is handed by a writer to all readers up to the next writer", async () => {
    const expected = played(`
        1 write, 1 yield, 1 endWrite, 2 read, 3 read, 2 yield, 2 endRead, 3 yield, 3 endRead, 4 write,
        4 endWrite, 5 read, 5 endRead
      `);
    expect(
      await play(
        "write, yield, endWrite",
        "read, yield, endRead",
        "read, yield, endRead",
        "write, endWrite",
        "read, endRead",
      ),
    ).toEqual(expected);
  });

  test("does not starve a writer by a stream of readers", async () => {
    const expected = played(`
        1 read, 2 read, 1 yield, 1 endRead, 2 yield, 2 yield, 2 endRead, 3 write, 3 endWrite, 1 read,
        1 endRead, 1 read, 1 endRead, 2 read, 2 endRead, 2 read, 2 endRead
      `);
    expect(
      await play(
        "read, yield, endRead, read, endRead, read, endRead",
        "read, yield, yield, endRead, read, endRead, read, endRead",
        "write, endWrite",
      ),
    ).toEqual(expected);
  });

  test("lets those behind a writer that is cancelled go on, up to the next one", async () => {
    const expected = played(
      `
        1 read, 6 cancel 2, 1 yield, 3 read, 3 endRead, 4 read, 4 endRead, 1 yield, 1 yield, 1 endRead,
        5 write, 5 endWrite
      `,
      { 2: cancelledBy(6) },
    );
    expect(
      await play(
        "read, yield, yield, yield, endRead",
        "write, endWrite",
        "read, endRead",
        "read, endRead",
        "write, endWrite",
        "cancel 2",
      ),
    ).toEqual(expected);
  });

  test("loses a reader that is cancelled while it waits", async () => {
    const expected = played("1 write, 1 yield, 1 cancel 2, 1 endWrite, 3 read, 3 endRead", { 2: cancelledBy(1) });
    expect(await play("write, yield, cancel 2, endWrite", "read, endRead", "read, endRead")).toEqual(expected);
  });

  test("stays with a reader or writer that was cancelled after it was handed to it, until that next waits", async () => {
    const expected = played(
      `
        1 write, 1 yield, 1 endWrite, 1 cancel 2, 1 cancel 3, 2 read, 3 read, 3 endRead, 4 write,
        4 isLockAbandoned: false, 4 endWrite
      `,
      { 2: cancelledBy(1), 3: cancelledBy(1) },
    );
    expect(
      await play(
        "write, yield, endWrite, cancel 2, cancel 3",
        "read, yield",
        "read, endRead, yield",
        "write, isLockAbandoned, endWrite",
      ),
    ).toEqual(expected);
  });

  test("locked again by its owner, of any kind: an error, not a hang", async () => {
    const expected = played(
      "1 read, 2 read, 3 write, 4 write, 5 read, 6 read, 7 write, 8 write",
      {
        1: READ_RELOCK,
        2: WRITE_WHILE_READING,
        3: READ_WHILE_WRITING,
        4: WRITE_RELOCK,
        5: READ_RELOCK,
        6: WRITE_WHILE_READING,
        7: READ_WHILE_WRITING,
        8: WRITE_RELOCK,
      },
      "lock abandoned",
    );
    expect(
      await play(
        "read, read",
        "read, write",
        "write, read",
        "write, write",
        "read, tryRead",
        "read, tryWrite",
        "write, tryRead",
        "write, tryWrite",
      ),
    ).toEqual(expected);
  });

  test("unlocked by a fiber that has not locked it so: an error", async () => {
    const expected = played(
      `
        3 read, 4 write, 5 read, 7 read, 7 endRead, 5 yield, 5 endRead, 8 sleep 1, 8 write, 9 sleep 1,
        8 yield, 8 endWrite
      `,
      {
        1: "E_NOT_OWNER: cannot readUnlock: this fiber has not locked it for reading, nobody owns it; only a fiber that has can do that",
        2: "E_NOT_OWNER: cannot writeUnlock: this fiber has not locked it for writing, nobody owns it; only a fiber that has can do that",
        3: "E_NOT_OWNER: cannot writeUnlock: this fiber has not locked it for writing, another fiber reads; only a fiber that has can do that",
        4: "E_NOT_OWNER: cannot readUnlock: this fiber has not locked it for reading, fiber 4 writes; only a fiber that has can do that",
        6: "E_NOT_OWNER: cannot readUnlock: this fiber has not locked it for reading, another fiber reads; only a fiber that has can do that",
        7: "E_NOT_OWNER: cannot readUnlock: this fiber has not locked it for reading, another fiber reads; only a fiber that has can do that",
        9: "E_NOT_OWNER: cannot writeUnlock: this fiber has not locked it for writing, fiber 8 writes; only a fiber that has can do that",
      },
      "lock abandoned",
    );
    expect(
      await play(
        "endRead",
        "endWrite",
        "read, endWrite",
        "write, endRead",
        "read, yield, endRead",
        "endRead",
        "read, endRead, endRead",
        "sleep 1, write, yield, endWrite",
        "sleep 1, endWrite",
      ),
    ).toEqual(expected);
  });

  test("goes on when its owners end without unlocking it; only a writer leaves it abandoned", async () => {
    const expected = played(
      `
        1 read, 1 yield, 2 write, 2 isLockAbandoned: false, 2 yield, 3 read, 3 isLockAbandoned: true,
        3 clearLockAbandoned, 3 isLockAbandoned: false, 4 write, 4 isLockAbandoned: false, 6 sleep 1,
        6 cancel 4, 5 read, 5 isLockAbandoned: true, 5 clearLockAbandoned, 5 endRead
      `,
      { 1: AS_TOLD, 2: TRAPPED, 4: cancelledBy(6) },
    );
    expect(
      await play(
        "read, yield, fail",
        "write, isLockAbandoned, yield, trap",
        "read, isLockAbandoned, clearLockAbandoned, isLockAbandoned",
        "write, isLockAbandoned, sleep 5",
        "read, isLockAbandoned, clearLockAbandoned, endRead",
        "sleep 1, cancel 4",
      ),
    ).toEqual(expected);
  });

  test("is unlocked by withRead and withWrite, however their functions end", async () => {
    const expected = played(
      `
        1 yield, 7 sleep 1, 7 cancel 2, 3 isLockAbandoned: false, 3 yield, 3 withWrite, 7 sleep 1,
        7 cancel 4, 5 yield, 6 read, 6 isLockAbandoned: false, 6 endRead
      `,
      { 1: AS_TOLD, 2: cancelledBy(7), 4: cancelledBy(7), 5: TRAPPED },
    );
    expect(
      await play(
        "withRead, yield, fail",
        "withRead, sleep 5",
        "withWrite, isLockAbandoned, yield",
        "withWrite, sleep 5",
        "withWrite, yield, trap",
        "read, isLockAbandoned, endRead",
        "sleep 1, cancel 2, sleep 1, cancel 4",
      ),
    ).toEqual(expected);
  });

  test("beside another lock: each is given back by itself", async () => {
    const expected = played(`
        1 lock, 1 read, 2 read, 1 yield, 1 unlock, 2 lock, 1 yield, 1 endRead, 2 yield, 2 endRead, 3 write,
        3 isLockAbandoned: false, 3 endWrite, 2 yield, 2 unlock
      `);
    expect(
      await play(
        "lock, read, yield, unlock, yield, endRead",
        "read, lock, yield, endRead, yield, unlock",
        "write, isLockAbandoned, endWrite",
      ),
    ).toEqual(expected);
  });
});
