// @ts-check
/** Pre-opened listening sockets (descriptor 3 and on) and their connections. */
import { errnoName, read, write } from "../probe-guest.mjs";
import { group, never, soon } from "./case.mjs";

/** @typedef {import("./case.mjs").Case} Case */
/** @typedef {import("./case.mjs").Guest} Guest */
/** @typedef {import("./case.mjs").World} World */

const LISTENER = 3;
const setup = { listeners: 1 };
const NON_BLOCKING = 4;

/**
 * A case with one accepted connection, whose other side is "client".
 *
 * @param {(guest: Guest, connection: number, world: World) => string | Promise<string>} ask
 * @param {number} [flags] of sock_accept
 * @returns {Case["probe"]}
 */
function connected(ask, flags = 0) {
  return async (guest, world) => {
    await world.peer("connect", "client", world.ports[0]);
    guest.poll([read(0, LISTENER)]);
    return ask(guest, guest.accept(LISTENER, flags), world);
  };
}

/**
 * The other side does something, now or later; then the guest waits for the connection to be readable.
 *
 * @param {"peer" | "later"} when
 * @param {...[action: string, value?: string]} actions
 * @returns {Case["probe"]}
 */
function readable(when, ...actions) {
  return connected(async (guest, connection, world) => {
    for (const [action, value] of actions) await world[when](action, "client", value);
    return guest.poll([read(1, connection), never(2)], { nbytes: true });
  });
}

/**
 * Sends until nothing more goes out; what is on its way may make room once more, so it asks again. Tells the last answer of both.
 *
 * @param {Guest} guest
 * @param {number} connection non-blocking
 */
function fill(guest, connection) {
  const text = "x".repeat(60_000);
  for (let count = 0; count < 5000; count++) {
    const errno = guest.send("sock_send", connection, text);
    if (errno === 0) continue;
    const answer = guest.poll([write(1, connection), soon(2)]);
    if (!answer.startsWith("write#1")) return `${errnoName(errno)}; ${answer}`;
  }
  return "it takes all";
}

const listeners = group("Listening sockets", {
  "a connection is there": {
    setup,
    async probe(guest, world) {
      await world.peer("connect", "client", world.ports[0]);
      return guest.poll([read(1, LISTENER), never(2)]);
    },
    want: "read#1",
  },
  "a connection comes later": {
    setup,
    probe(guest, world) {
      world.later("connect", "client", world.ports[0]);
      return guest.poll([read(1, LISTENER), never(2)]);
    },
    want: "read#1",
  },
  "no connection: the clock": { setup, probe: (guest) => guest.poll([read(1, LISTENER), soon(2)]), want: "clock#2" },
  "none left after sock_accept": {
    setup,
    probe: connected((guest) => guest.poll([read(1, LISTENER), soon(2)])),
    want: "clock#2",
  },
  "two connections, one accepted": {
    setup,
    async probe(guest, world) {
      await world.peer("connect", "first", world.ports[0]);
      await world.peer("connect", "second", world.ports[0]);
      guest.poll([read(0, LISTENER)]);
      guest.accept(LISTENER);
      return guest.poll([read(1, LISTENER), never(2)]);
    },
    want: "read#1",
  },
  "two listeners, a connection to the second": {
    setup: { listeners: 2 },
    async probe(guest, world) {
      await world.peer("connect", "client", world.ports[1]);
      return guest.poll([read(1, LISTENER), read(2, LISTENER + 1), never(3)]);
    },
    want: "read#2",
  },
  "closed by the guest": {
    setup,
    probe(guest) {
      guest.call.fd_close(LISTENER);
      return guest.poll([read(1, LISTENER), never(2)]);
    },
    want: "read#1 EBADF",
  },
});

const connections = group("Connections", {
  "nothing there: the clock": {
    setup,
    probe: connected((guest, connection) => guest.poll([read(1, connection), soon(2)])),
    want: "clock#2",
  },
  "data is there": { setup, probe: readable("peer", ["write", "hello"]), want: "read#1 5 bytes" },
  "data comes later": { setup, probe: readable("later", ["write", "hello"]), want: "read#1 5 bytes" },
  "a poll takes nothing away": {
    setup,
    probe: connected(async (guest, connection, world) => {
      await world.peer("write", "client", "hello");
      const answers = [guest.poll([read(1, connection)]), guest.poll([read(1, connection)], { nbytes: true })];
      return [...answers, guest.receive("sock_recv", connection)].join("; ");
    }),
    want: "read#1; read#1 5 bytes; hello",
  },
  "nbytes after a part was received": {
    setup,
    probe: connected(async (guest, connection, world) => {
      await world.peer("write", "client", "hello");
      guest.poll([read(0, connection)]);
      const part = guest.receive("sock_recv", connection, 2);
      return `${part}; ${guest.poll([read(1, connection), never(2)], { nbytes: true })}`;
    }),
    want: "he; read#1 3 bytes",
  },
  "the other side sends no more": {
    setup,
    probe: readable("peer", ["end"]),
    want: ["read#1 0 bytes", "read#1 0 bytes hangup"],
  },
  "the other side sends no more, later": {
    setup,
    probe: readable("later", ["end"]),
    want: ["read#1 0 bytes", "read#1 0 bytes hangup"],
  },
  "the other side sends no more, data left": {
    setup,
    probe: readable("peer", ["write", "hello"], ["end"]),
    want: ["read#1 5 bytes", "read#1 5 bytes hangup"],
  },
  "end of file follows the data": {
    setup,
    probe: connected(async (guest, connection, world) => {
      await world.peer("write", "client", "hello");
      await world.peer("end", "client");
      guest.poll([read(0, connection)]);
      const data = guest.receive("sock_recv", connection);
      guest.poll([read(0, connection), never(1)]);
      return `${data}; ${guest.receive("sock_recv", connection)}`;
    }),
    want: "hello; ",
  },
  "closed by the other side": {
    setup,
    probe: readable("peer", ["close"]),
    want: ["read#1 0 bytes", "read#1 0 bytes hangup"],
  },
  "reset by the other side": {
    setup,
    probe: readable("later", ["reset"]),
    want: ["read#1 0 bytes hangup", "read#1 ECONNRESET 0 bytes", "read#1 ECONNRESET 0 bytes hangup"],
  },
  "both sides send no more: hangup": {
    setup,
    probe: connected(async (guest, connection, world) => {
      await world.peer("end", "client");
      guest.poll([read(0, connection)]);
      guest.call.sock_shutdown(connection, 2);
      return guest.poll([read(1, connection), never(2)], { nbytes: true });
    }),
    want: "read#1 0 bytes hangup",
  },
  writable: {
    setup,
    probe: connected((guest, connection) => guest.poll([write(1, connection), never(2)])),
    want: "write#1",
  },
  "readable and writable, in order": {
    setup,
    probe: connected(async (guest, connection, world) => {
      await world.peer("write", "client", "hello");
      guest.poll([read(0, connection)]);
      return guest.poll([write(1, connection), read(2, connection)]);
    }),
    want: "write#1, read#2",
  },
  "writable, nothing to read": {
    setup,
    probe: connected((guest, connection) => guest.poll([read(1, connection), write(2, connection)])),
    want: "write#2",
  },
  "full for writing: the clock": {
    setup,
    probe: connected((guest, connection) => fill(guest, connection), NON_BLOCKING),
    want: "EAGAIN; clock#2",
  },
  "full for writing, read later": {
    setup,
    probe: connected((guest, connection, world) => {
      const full = fill(guest, connection);
      world.later("read", "client", 1e9);
      return `${full}; ${guest.poll([write(1, connection), never(2)])}`;
    }, NON_BLOCKING),
    want: "EAGAIN; clock#2; write#1",
  },
  "beside a new connection, in order": {
    setup,
    probe: connected(async (guest, connection, world) => {
      await world.peer("write", "client", "hello");
      guest.poll([read(0, connection)]);
      await world.peer("connect", "second", world.ports[0]);
      guest.poll([read(0, LISTENER)]);
      return guest.poll([read(1, LISTENER), read(2, connection), never(3)]);
    }),
    want: "read#1, read#2",
  },
  "a non-blocking one has nothing: EAGAIN": {
    setup,
    probe: connected((guest, connection) => guest.receive("sock_recv", connection), NON_BLOCKING),
    want: "EAGAIN",
  },
  "what is sent arrives": {
    setup,
    probe: connected(async (guest, connection, world) => {
      const errno = guest.send("sock_send", connection, "hello");
      return `${errnoName(errno)}; ${await world.peer("read", "client", 5)}`;
    }),
    want: "ok; hello",
  },
  "closed by the guest": {
    setup,
    probe: connected((guest, connection) => {
      guest.call.fd_close(connection);
      return guest.poll([read(1, connection), never(2)]);
    }),
    want: "read#1 EBADF",
  },
});

export const socketCases = [...listeners, ...connections];
