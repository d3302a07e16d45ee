/** `Semaphore`, `WaitGroup`, `Barrier`, `Event`, `Once`: order, misuse, cancellation. Scripts: see test/guests/sync.ts. */
import { describe, expect, test } from "vitest";
import { play, played, playWith } from "../setup/sync-scripts.ts";

const cancelledBy = (number: number) => `E_CANCELLED: by ${number}`;
const AS_TOLD = "E_FAILED: as told";
const TRAPPED = "E_TRAP: unreachable";
const AT_THE_END = "E_CANCELLED: at the end";

describe("a semaphore", () => {
  test("serves a large request before smaller ones that came later; nobody overtakes", async () => {
    const expected = played(
      `
        1 acquire 3, 4 tryAcquire: false, 4 available: 2, 1 yield, 1 yield, 1 release 3, 2 acquire 4,
        3 acquire, 3 tryAcquire: false, 3 release, 2 yield, 2 release 4
      `,
      {},
      "permits: 5",
    );
    expect(
      await playWith(
        5,
        "acquire 3, yield, yield, release 3",
        "acquire 4, yield, release 4",
        "acquire, tryAcquire, release",
        "tryAcquire, available",
      ),
    ).toEqual(expected);
  });

  test("hands over what there is, as far as it goes", async () => {
    const expected = played(
      `
        5 available: 0, 5 release 3, 5 available: 0, 5 tryAcquire: false, 1 acquire 2, 2 acquire, 5 yield,
        5 yield, 5 release 2, 5 release 3, 5 available: 1, 3 acquire 3, 4 acquire
      `,
      {},
      "permits: 1",
    );
    expect(
      await play(
        "acquire 2",
        "acquire",
        "acquire 3",
        "acquire",
        "available, release 3, available, tryAcquire, yield, yield, release 2, release 3, available",
      ),
    ).toEqual(expected);
  });

  test("gives a cancelled waiter nothing; those behind it are served", async () => {
    const expected = played(
      `
        1 acquire 3, 5 cancel 2, 5 available: 0, 1 yield, 3 acquire, 3 release, 1 yield, 1 yield,
        1 release 3, 4 acquire 4
      `,
      { 2: cancelledBy(5) },
    );
    expect(
      await playWith(
        4,
        "acquire 3, yield, yield, yield, release 3",
        "acquire 4",
        "acquire, release",
        "acquire 4",
        "cancel 2, available",
      ),
    ).toEqual(expected);
  });

  test("leaves permits with a fiber that was cancelled after it was given them, until that next waits", async () => {
    const expected = played(
      `
        3 release 2, 3 cancel 1, 1 acquire 2, 1 available: 0, 3 yield, 3 yield, 3 release, 2 acquire,
        2 available: 0
      `,
      { 1: cancelledBy(3) },
    );
    expect(
      await play("acquire 2, available, yield", "acquire, available", "release 2, cancel 1, yield, yield, release"),
    ).toEqual(expected);
  });

  test("with counts that cannot be: errors", async () => {
    const expected = played(
      "8 available: 1",
      {
        1: "E_INVALID_COUNT: cannot acquire 0 permits of a semaphore: it takes 1 or more",
        2: "E_INVALID_COUNT: cannot acquire -1 permits of a semaphore: it takes 1 or more",
        3: "E_INVALID_COUNT: cannot release 0 permits of a semaphore: it takes 1 or more",
        4: "E_INVALID_COUNT: cannot release 2147483647 permits of a semaphore: it has 1, and the most is 2147483647; release what was acquired",
        5: "E_INVALID_COUNT: a semaphore cannot have -1 permits: it takes 0 or more",
        6: "E_INVALID_COUNT: cannot acquire 0 permits of a semaphore: it takes 1 or more",
        7: "E_INVALID_COUNT: cannot acquire -2147483648 permits of a semaphore: it takes 1 or more",
      },
      "permits: 1",
    );
    expect(
      await playWith(
        1,
        "acquire 0",
        "tryAcquire -1",
        "release 0",
        "release 2147483647",
        "semaphore -1",
        "withPermits 0",
        "acquire -2147483648",
        "available",
      ),
    ).toEqual(expected);
  });

  test("gets its permits back from with, however its function ends", async () => {
    const expected = played(
      `
        1 yield, 1 available: 1, 1 withPermits, 2 available: 0, 7 sleep 1, 7 cancel 3, 7 sleep 1,
        7 cancel 4, 5 yield, 6 available: 0, 6 withPermits 2
      `,
      { 2: AS_TOLD, 3: cancelledBy(7), 4: cancelledBy(7), 5: TRAPPED },
      "permits: 2",
    );
    expect(
      await playWith(
        2,
        "withPermits, yield, available",
        "withPermits 2, available, fail",
        "withPermits 2, sleep 5",
        "withPermits 3",
        "withPermits 2, yield, trap",
        "withPermits 2, available",
        "sleep 1, cancel 3, sleep 1, cancel 4",
      ),
    ).toEqual(expected);
  });
});

describe("a wait group", () => {
  test("wakes all who wait when nothing is under way, and can be used again", async () => {
    const expected = played(
      `
        1 add 2, 1 tryWaitGroup: false, 1 yield, 1 done, 1 tryWaitGroup: false, 5 yield, 5 cancel 4,
        1 yield, 1 done, 1 tryWaitGroup: true, 1 add, 2 waitGroup, 2 count: 1, 3 waitGroup, 3 add,
        5 sleep 5, 5 count: 2, 5 add -2, 1 waitGroup
      `,
      { 4: cancelledBy(5) },
    );
    expect(
      await play(
        "add 2, tryWaitGroup, yield, done, tryWaitGroup, yield, done, tryWaitGroup, add, waitGroup",
        "waitGroup, count",
        "waitGroup, add",
        "waitGroup",
        "yield, cancel 4, sleep 5, count, add -2",
      ),
    ).toEqual(expected);
  });

  test("does not make wait when nothing is under way", async () => {
    const expected = played("1 waitGroup, 1 add 0, 1 waitGroup, 1 tryWaitGroup: true");
    expect(await play("waitGroup, add 0, waitGroup, tryWaitGroup")).toEqual(expected);
  });

  test("counted below 0, or too far: errors", async () => {
    const expected = played("3 add 2, 4 add 2147483645, 6 count: 2147483647, 6 add -2147483647, 6 waitGroup", {
      1: "E_NEGATIVE_COUNT: cannot take 1 from a wait group that counts 0: it would be negative; add before what is done begins",
      2: "E_NEGATIVE_COUNT: cannot take 1 from a wait group that counts 0: it would be negative; add before what is done begins",
      3: "E_NEGATIVE_COUNT: cannot take 3 from a wait group that counts 2: it would be negative; add before what is done begins",
      4: "E_INVALID_COUNT: cannot add 1 to a wait group that counts 2147483647: the most is 2147483647",
      5: "E_NEGATIVE_COUNT: cannot take 2147483648 from a wait group that counts 2147483647: it would be negative; add before what is done begins",
    });
    expect(
      await play(
        "done",
        "add -1",
        "add 2, add -3",
        "add 2147483645, add",
        "add -2147483648",
        "count, add -2147483647, waitGroup",
      ),
    ).toEqual(expected);
  });
});

describe("a barrier", () => {
  test("lets a round go on together; the last one leads, and the next round begins", async () => {
    const expected = played(`
        3 waiting: 2, 3 meet: true, 3 waiting: 0, 1 meet: false, 2 meet: false, 2 meet: true,
        3 meet: false, 3 waiting: 0, 1 meet: false
      `);
    expect(await play("meet, meet", "meet, meet", "waiting, meet, waiting, meet, waiting")).toEqual(expected);
  });

  test("does not count a fiber that was cancelled while it waited", async () => {
    const expected = played(
      "3 cancel 1, 3 waiting: 1, 4 waiting: 2, 4 meet: true, 4 waiting: 0, 2 meet: false, 3 meet: false",
      { 1: cancelledBy(3) },
    );
    expect(await play("meet", "meet", "cancel 1, waiting, meet", "waiting, meet, waiting")).toEqual(expected);
  });

  test("cancelled after its round is full: the others go on", async () => {
    const expected = played("3 meet: true, 3 cancel 1, 3 waiting: 0, 2 meet: false, 2 waiting: 0", {
      1: cancelledBy(3),
    });
    expect(await play("meet, waiting", "meet, waiting", "meet, cancel 1, waiting")).toEqual(expected);
  });

  test("for too few: an error; for one, it never waits", async () => {
    const expected = played("3 barrier 1, 3 meet: true, 3 meet: true, 3 waiting: 0", {
      1: "E_INVALID_COUNT: a barrier cannot be for 0 fibers: it takes 1 or more",
      2: "E_INVALID_COUNT: a barrier cannot be for -3 fibers: it takes 1 or more",
    });
    expect(await play("barrier 0", "barrier -3", "barrier 1, meet, meet, waiting")).toEqual(expected);
  });
});

describe("an event", () => {
  test("wakes all who wait, in order; then nobody waits until it is reset", async () => {
    const expected = played(
      `
        4 tryEvent: false, 4 cancel 3, 4 set, 4 tryEvent: true, 4 event, 4 isSet: true, 5 event, 1 event,
        1 reset, 1 tryEvent: false, 2 event, 2 isSet: false, 1 waits
      `,
      { 1: AT_THE_END, 3: cancelledBy(4) },
    );
    expect(
      await play(
        "event, reset, tryEvent, event",
        "event, isSet",
        "event",
        "tryEvent, cancel 3, set, tryEvent, event, isSet",
        "event",
      ),
    ).toEqual(expected);
  });

  test("set and reset at once wakes who waited, and nobody else", async () => {
    const expected = played(
      "2 sleep 1, 2 set, 2 reset, 2 isSet: false, 1 event, 2 yield, 2 set, 1 event, 1 tryEvent: true",
    );
    expect(await play("event, event, tryEvent", "sleep 1, set, reset, isSet, yield, set")).toEqual(expected);
  });

  test("cancelled after it was set: at once", async () => {
    const expected = played("3 yield, 3 set, 3 cancel 1, 2 event", { 1: cancelledBy(3) });
    expect(await play("event, isSet", "event", "yield, set, cancel 1")).toEqual(expected);
  });
});

describe("a once", () => {
  test("is done by the first; the others wait until it is done", async () => {
    const expected = played(`
        1 yield, 1 isDone: false, 1 once, 4 yield, 4 isDone: true, 2 once, 3 once, 4 yield, 4 isDone: true,
        4 once, 2 yield
      `);
    expect(await play("once, yield, isDone", "once, yield", "once", "yield, isDone, yield, isDone, once")).toEqual(
      expected,
    );
  });

  test("is done by the next one when the first fails, is cancelled or traps", async () => {
    const expected = played(
      `
        6 isDone: false, 1 yield, 6 sleep 1, 6 cancel 2, 3 yield, 4 yield, 4 once, 5 once, 6 sleep 1,
        6 isDone: true
      `,
      { 1: AS_TOLD, 2: cancelledBy(6), 3: TRAPPED },
    );
    expect(
      await play(
        "once, yield, fail",
        "once, sleep 5",
        "once, yield, trap",
        "once, yield",
        "once",
        "isDone, sleep 1, cancel 2, sleep 1, isDone",
      ),
    ).toEqual(expected);
  });

  test("is not done by a fiber that was cancelled while it waited", async () => {
    const expected = played("4 cancel 2, 4 yield, 4 cancel 1, 4 yield, 4 isDone: false, 3 once", {
      1: cancelledBy(4),
      2: cancelledBy(4),
    });
    expect(await play("once, sleep 5", "once", "once", "cancel 2, yield, cancel 1, yield, isDone")).toEqual(expected);
  });

  test("passed to a fiber that is cancelled then: it is passed on where that waits", async () => {
    const expected = played(
      "1 yield, 4 yield, 4 yield, 4 cancel 2, 2 isDone: false, 3 once, 4 sleep 1, 4 isDone: true",
      { 1: AS_TOLD, 2: cancelledBy(4) },
    );
    expect(
      await play("once, yield, fail", "once, isDone, yield, isDone", "once", "yield, yield, cancel 2, sleep 1, isDone"),
    ).toEqual(expected);
  });

  test("inside itself: an error, not a hang", async () => {
    const expected = played("2 isDone: false, 2 once", {
      1: "E_RELOCK: cannot do this once: this fiber is doing it already, and would wait for itself forever; do not call do inside its function",
    });
    expect(await play("once, once", "once, isDone")).toEqual(expected);
  });

  test("in a cleanup of the fiber that failed to do it: done there, unless another waits for it", async () => {
    const expected = played("2 isDone: false, 1 once, 2 yield, 2 isDone: true", { 1: AS_TOLD });
    expect(await play("defer once, once, fail", "isDone, yield, isDone")).toEqual(expected);
  });
});
