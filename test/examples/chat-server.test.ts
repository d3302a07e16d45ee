/** The chat server, from outside: who hears what, and what becomes of clients that misbehave. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { RawClient } from "../setup/raw-client.ts";
import { type Server, startServer } from "../setup/server.ts";

let server: Server;
let clients: RawClient[] = [];
beforeEach(async () => {
  server = await startServer("chat-server");
});
afterEach(async () => {
  const result = await server.stop();
  for (const client of clients) await client.close();
  clients = [];
  expect(result).toMatchObject({ stdout: `listening on 127.0.0.1:${server.port}\n`, stderr: "" });
});

async function connect(): Promise<RawClient> {
  const client = await RawClient.connect(server.port);
  clients.push(client);
  return client;
}

/** Connects, and says the name; it has joined when it has been answered. */
async function join(name: string): Promise<RawClient> {
  const client = await connect();
  client.send(`${name}\n`);
  await client.until((text) => text.endsWith("\n"));
  return client;
}

/** What a client has received, when it ends in this line. */
const heard = (client: RawClient, line: string) => client.until((text) => text.endsWith(`${line}\n`));

test("three clients hear each other, and themselves not", async () => {
  const ada = await join("Ada");
  const bob = await join("Bob");
  const cleo = await join("Cleo");
  ada.send("hello\n");
  await heard(bob, "Ada: hello");
  await heard(cleo, "Ada: hello");
  bob.send("hi Ada\r\nhow are you?\n");
  await heard(cleo, "Bob: how are you?");
  cleo.end();
  expect(await heard(ada, "* Cleo has left")).toBe(
    "* nobody else is here\n* Bob has joined\n* Cleo has joined\nBob: hi Ada\nBob: how are you?\n* Cleo has left\n",
  );
  expect(await heard(bob, "* Cleo has left")).toBe("* here are Ada\n* Cleo has joined\nAda: hello\n* Cleo has left\n");
  expect(await cleo.untilEnd()).toBe("* here are Ada, Bob\nAda: hello\nBob: hi Ada\nBob: how are you?\n");
});

test("all hear the lines in the same order", async () => {
  const ada = await join("Ada");
  const bob = await join("Bob");
  const listeners = [await join("Cleo"), await join("Dan")];
  for (let i = 1; i <= 20; i++) {
    ada.send(`${i}\n`);
    bob.send(`${i}\n`);
  }
  const texts = [];
  for (const listener of listeners) {
    const text = await listener.until((all) => all.includes("Ada: 20\n") && all.includes("Bob: 20\n"));
    texts.push(text.slice(text.search(/^(Ada|Bob): /m)));
  }
  expect(texts[0]).toBe(texts[1]);
  const ofAda = texts[0]?.match(/^Ada: \d+$/gm);
  expect(ofAda).toEqual(Array.from({ length: 20 }, (_, i) => `Ada: ${i + 1}`));
});

test("a reset is heard as leaving, and hurts nobody", async () => {
  const ada = await join("Ada");
  const bob = await join("Bob");
  const cleo = await join("Cleo");
  await bob.reset();
  await heard(ada, "* Bob has left");
  ada.send("still here?\n");
  await heard(cleo, "Ada: still here?");
});

test("a client that does not read is dropped; the others do not wait for it", async () => {
  const ada = await join("Ada");
  const bob = await join("Bob");
  const deaf = await join("Deaf");
  deaf.socket.pause();
  await heard(ada, "* Deaf has joined");
  // Until more is on its way than the system and the outbox hold.
  const burst = `${"x".repeat(900)}\n`.repeat(50);
  let bursts = 0;
  while (!ada.text.includes("* Deaf has left")) {
    expect(bursts).toBeLessThan(2000);
    ada.send(`${burst}${++bursts}\n`);
    // What Bob hears next may stand behind it already.
    await bob.until((text) => text.includes(`Ada: ${bursts}\n`, text.length - 100));
  }
  expect(bursts).toBeGreaterThan(2);
  ada.send("gone\n");
  expect(await heard(bob, "Ada: gone")).toContain("* Deaf has left\n");
  deaf.socket.resume();
  expect(await deaf.untilEnd()).not.toContain("Ada: gone");
});

test("a name that is taken is refused, and free again when its client has left", async () => {
  const ada = await join("Ada");
  const bob = await join("Bob");
  const other = await join("Ada");
  expect(await other.untilEnd()).toBe("* the name Ada is taken\n");
  ada.end();
  await heard(bob, "* Ada has left");
  await join("Ada");
  expect(await heard(bob, "* Ada has joined")).toBe("* here are Ada\n* Ada has left\n* Ada has joined\n");
});

test("without a good name nobody comes in, and nobody hears of it", async () => {
  const ada = await join("Ada");
  for (const text of ["\n", "  \n", `${"x".repeat(33)}\n`, "x".repeat(5000), ""]) {
    const nameless = await connect();
    if (text) nameless.send(text);
    else nameless.end();
    expect(await nameless.untilEnd()).toBe("");
  }
  await join("Bob");
  expect(await heard(ada, "* Bob has joined")).toBe("* nobody else is here\n* Bob has joined\n");
});

test("a line that is too long ends the connection", async () => {
  const ada = await join("Ada");
  const bob = await join("Bob");
  bob.send("x".repeat(5000));
  expect(await heard(ada, "* Bob has left")).toBe("* nobody else is here\n* Bob has joined\n* Bob has left\n");
  expect(await bob.untilEnd()).toBe("* here are Ada\n");
});
