/** The delay server, from outside: what it answers, and what it does with clients that misbehave. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { asFibers } from "../setup/command.ts";
import { parseResponses, request, type Response } from "../setup/http.ts";
import { RawClient } from "../setup/raw-client.ts";
import { type Server, startServer } from "../setup/server.ts";

/** What it must have printed, whatever the tests have done to it. */
const quietly = (server: Server) => ({ stdout: `listening on 127.0.0.1:${server.port}\n`, stderr: "" });

let server: Server;
beforeAll(async () => {
  server = await startServer("delay-server", "30000", "30000");
});
afterAll(async () => {
  // Nobody has seen a failure, and the clients that have gone away have left no message.
  expect(await server.stop()).toMatchObject(quietly(server));
});

/** Sends a text on a connection of its own, and returns so many responses. */
async function exchange(text: string | Uint8Array, count = 1): Promise<Response[]> {
  const client = await RawClient.connect(server.port);
  client.send(text);
  const all = await client.until((received) => parseResponses(received).responses.length >= count);
  await client.close();
  return parseResponses(all).responses;
}

/** Sends a text on a connection of its own, and returns all responses until the server has ended. */
async function exchangeUntilEnd(text: string | Uint8Array): Promise<Response[]> {
  const client = await RawClient.connect(server.port);
  client.send(text);
  const { responses, rest } = parseResponses(await client.untilEnd());
  expect(rest).toBe("");
  client.end();
  expect(await client.closed).toBeUndefined();
  return responses;
}

const textsOf = (responses: Response[]) => responses.map(({ status, body }) => `${status} ${body}`);

describe("answers", () => {
  test("the text after the time, to fetch", async () => {
    const begin = performance.now();
    const response = await fetch(`http://127.0.0.1:${server.port}/150/hello`);
    expect(await response.text()).toBe("hello");
    expect(performance.now() - begin).toBeGreaterThanOrEqual(150);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/plain; charset=utf-8");
  });

  test("the same bytes that were encoded", async () => {
    const text = 'a b/c?d=é&"€"%😀';
    const response = await fetch(`http://127.0.0.1:${server.port}/0/${encodeURIComponent(text)}`);
    expect(await response.text()).toBe(text);
    expect(textsOf(await exchange(request("/0/%41%c3%A9%2F/x?y")))).toEqual(["200 Aé//x?y"]);
    expect(textsOf(await exchange(request("/0/")))).toEqual(["200 "]);
  });

  test("50 clients at once: each its own, none early", async () => {
    const delays = Array.from({ length: 50 }, (_, i) => (i % 10) * 30);
    const answers = delays.map(async (delay, i) => {
      const begin = performance.now();
      const response = await fetch(`http://127.0.0.1:${server.port}/${delay}/client-${i}`);
      return { body: await response.text(), isEarly: performance.now() - begin < delay };
    });
    expect(await Promise.all(answers)).toEqual(delays.map((_, i) => ({ body: `client-${i}`, isEarly: false })));
  });

  test("HEAD without the body, and goes on", async () => {
    const client = await RawClient.connect(server.port);
    client.send(request("/0/hello").replace("GET", "HEAD") + request("/0/next"));
    const text = await client.until((received) => received.endsWith("next"));
    const [head = "", ...rest] = text.split("\r\n\r\n");
    expect(head).toContain("HTTP/1.1 200 OK\r\n");
    expect(head).toContain("Content-Length: 5");
    expect(rest.at(-1)).toBe("next");
    await client.close();
  });
});

describe("a connection", () => {
  test("serves one request after the other", async () => {
    const client = await RawClient.connect(server.port);
    for (let i = 1; i <= 3; i++) {
      client.send(request(`/${i}/answer-${i}`));
      const text = await client.until((received) => parseResponses(received).responses.length === i);
      const last = parseResponses(text).responses.at(-1);
      expect(last).toMatchObject({ status: 200, body: `answer-${i}`, headers: { connection: "keep-alive" } });
    }
    await client.close();
  });

  test("answers in the order of the requests, whatever their delays", async () => {
    const pipelined = request("/60/first") + request("/20/second") + request("/0/third");
    expect(textsOf(await exchange(pipelined, 3))).toEqual(["200 first", "200 second", "200 third"]);
  });

  test("takes a request byte by byte, and lines that end in a line feed only", async () => {
    const client = await RawClient.connect(server.port);
    for (const byte of request("/0/slowly")) await client.sendAll(byte);
    client.send("\r\nGET /0/feed HTTP/1.1\n\n");
    const text = await client.until((received) => parseResponses(received).responses.length === 2);
    expect(textsOf(parseResponses(text).responses)).toEqual(["200 slowly", "200 feed"]);
    await client.close();
  });

  test.each([
    ["Connection: close", request("/0/x", "Connection: close")],
    ["connection: a, CLOSE", request("/0/x", "connection: a, CLOSE")],
    ["HTTP/1.0", "GET /0/x HTTP/1.0\r\n\r\n"],
  ])("is closed after %s", async (_, text) => {
    const responses = await exchangeUntilEnd(text + request("/0/never"));
    expect(responses).toMatchObject([{ status: 200, body: "x", headers: { connection: "close" } }]);
  });

  test("HTTP/1.0 may ask to keep it", async () => {
    const kept = "GET /0/x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
    expect(await exchangeUntilEnd(`${kept}GET /0/y HTTP/1.0\r\n\r\n`)).toMatchObject([
      { body: "x", headers: { connection: "keep-alive" } },
      { body: "y", headers: { connection: "close" } },
    ]);
  });

  test("is answered when the client has ended its half", async () => {
    const client = await RawClient.connect(server.port);
    client.send(request("/50/one") + request("/0/two"));
    client.end();
    expect(textsOf(parseResponses(await client.untilEnd()).responses)).toEqual(["200 one", "200 two"]);
    await client.close();
  });
});

const longest = 8192 - "GET /0/ HTTP/1.1".length;

describe("refuses, and ends", () => {
  test.each<[number, string, string | Uint8Array]>([
    [400, "what is not HTTP", "hello\r\n\r\n"],
    [400, "a first line of two words", "GET /0/x\r\n\r\n"],
    [400, "two spaces", "GET  /0/x HTTP/1.1\r\n\r\n"],
    [400, "another protocol", "GET /0/x GOPHER/1\r\n\r\n"],
    [400, "a TLS handshake", new Uint8Array([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x0a, 0xfc, 0x0a])],
    [400, "bytes that are not ASCII", "GET /0/é HTTP/1.1\r\n\r\n"],
    [400, "a NUL", "GET /0/x\0 HTTP/1.1\r\n\r\n"],
    [400, "a negative time", request("/-1/x")],
    [400, "a time that is no number", request("/soon/x")],
    [400, "a fraction", request("/1.5/x")],
    [400, "no time", request("//x")],
    [400, "a time of more than seven digits", request("/10000000/x")],
    [400, "half an escape", request("/0/%4")],
    [400, "a bad escape", request("/0/%zz")],
    [400, "a header without a colon", request("/0/x", "nonsense")],
    [400, "a header without a name", request("/0/x", ": value")],
    [400, "a space before the colon", request("/0/x", "Name : value")],
    [400, "a folded header", request("/0/x", "Name: one", " two")],
    [400, "a control character in a header", request("/0/x", "Name: \x01")],
    [400, "a body", `${request("/0/x", "Content-Length: 3")}abc`],
    [400, "chunks", `${request("/0/x", "Transfer-Encoding: chunked")}0\r\n\r\n`],
    [404, "the root", request("/")],
    [404, "a path of one part", request("/10")],
    [404, "an address of another kind", request("http://localhost/0/x")],
    [404, "an asterisk", request("*")],
    [405, "a method", `POST /0/x HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc`],
    [414, "a line one byte too long", request(`/0/${"x".repeat(longest + 1)}`)],
    [414, "a line of 1 MB", request(`/0/${"x".repeat(1 << 20)}`)],
    [414, "a line of 1 MB without an end", `GET /0/${"x".repeat(1 << 20)}`],
    [431, "a header line of 10,000 bytes", request("/0/x", `Name: ${"x".repeat(10_000)}`)],
    [431, "a header of 1 MB", request("/0/x", `Name: ${"x".repeat(1 << 20)}`)],
    [431, "10,000 headers", request("/0/x", ...Array.from({ length: 10_000 }, (_, i) => `Name-${i}: value`))],
    [505, "HTTP/2.0", "GET /0/x HTTP/2.0\r\n\r\n"],
  ])("%i %s", async (status, _, text) => {
    const responses = await exchangeUntilEnd(text);
    expect(responses).toMatchObject([{ status, headers: { connection: "close" } }]);
    expect(responses[0]?.body).toMatch(new RegExp(`^${status} `));
    expect(responses[0]?.headers["allow"]).toBe(status === 405 ? "GET, HEAD" : undefined);
  });

  test("not a line that just fits", async () => {
    const text = "x".repeat(longest);
    expect(textsOf(await exchange(request(`/0/${text}`)))).toEqual([`200 ${text}`]);
  });

  test("what was asked before is answered before", async () => {
    const responses = await exchangeUntilEnd(`${request("/30/good")}bad\r\n\r\n${request("/0/never")}`);
    expect(responses.map(({ status }) => status)).toEqual([200, 400]);
  });

  test("only when the client has said all, or for a while: a reset would eat the answer", async () => {
    const client = await RawClient.connect(server.port);
    client.send("bad\r\n\r\n");
    await client.untilEnd();
    for (let i = 0; i < 3; i++) {
      await client.sendAll(request(`/0/${i}`));
      // The server has had its turn with that: another connection goes to and fro.
      await exchange(request("/0/x"));
    }
    client.end();
    expect(await client.closed).toBeUndefined();
    expect(textsOf(parseResponses(client.text).responses)).toEqual(["400 400 Bad Request\n"]);
  });

  test("400 a head that the client has ended in the middle", async () => {
    const client = await RawClient.connect(server.port);
    client.send("GET /0/x HTTP/1.1\r\nHost: loc");
    client.end();
    expect(textsOf(parseResponses(await client.untilEnd()).responses)).toEqual(["400 400 Bad Request\n"]);
    expect(await client.closed).toBeUndefined();
  });
});

describe("a client that goes away", () => {
  test.each([
    ["before it has said anything", ""],
    ["in the middle of a head", "GET /0/x HTT"],
    ["while it waits for its answer", request("/80/x")],
    ["with many answers on their way", request("/1/x").repeat(200)],
    ["after a refusal", `nonsense\r\n\r\n${"x".repeat(100_000)}`],
  ])("%s hurts no other", async (_, text) => {
    const other = exchange(request("/200/unhurt"));
    const client = await RawClient.connect(server.port);
    if (text) await client.sendAll(text);
    await client.reset();
    expect(textsOf(await other)).toEqual(["200 unhurt"]);
  });
});

// What they wait for is time: all of them at once.
describe.concurrent("with little patience", () => {
  const idle = 1000;
  const head = 500;
  let impatient: Server;
  beforeAll(async () => {
    impatient = await startServer("delay-server", String(idle), String(head));
  });
  afterAll(async () => {
    expect(await impatient.stop()).toMatchObject(quietly(impatient));
  });

  test("closes who says nothing", async () => {
    const client = await RawClient.connect(impatient.port);
    expect(await client.untilEnd()).toBe("");
    expect(client.age).toBeGreaterThanOrEqual(idle);
    client.end();
    expect(await client.closed).toBeUndefined();
  });

  test("closes who says nothing more", async () => {
    const client = await RawClient.connect(impatient.port);
    client.send(request("/100/only"));
    const { responses, rest } = parseResponses(await client.untilEnd());
    expect(textsOf(responses)).toEqual(["200 only"]);
    expect(rest).toBe("");
    expect(client.age).toBeGreaterThanOrEqual(100 + idle);
    await client.close();
  });

  test("408 to who drips", async () => {
    const client = await RawClient.connect(impatient.port);
    client.send("GET /0/x HTTP/1.1\r\nName: ");
    const dripping = setInterval(() => client.send("x"), 20);
    const text = await client.untilEnd();
    clearInterval(dripping);
    expect(textsOf(parseResponses(text).responses)).toEqual(["408 408 Request Timeout\n"]);
    expect(client.age).toBeGreaterThanOrEqual(head);
    await client.close();
  });

  test.each([
    ["the beginning of a line", "GE"],
    ["some lines", "GET /0/y HTTP/1.1\r\nName: value\r\n"],
  ])("408 to who stops after %s that came with the request before", async (_, part) => {
    const client = await RawClient.connect(impatient.port);
    client.send(request("/0/x") + part);
    const text = await client.untilEnd();
    expect(textsOf(parseResponses(text).responses)).toEqual(["200 x", "408 408 Request Timeout\n"]);
    expect(client.age).toBeGreaterThanOrEqual(head);
    await client.close();
  });

  test("lets go of who does not end after the last answer", async () => {
    const client = await RawClient.connect(impatient.port);
    client.send(request("/0/x", "Connection: close"));
    expect(textsOf(parseResponses(await client.untilEnd()).responses)).toEqual(["200 x"]);
    const dripping = setInterval(() => client.send("x"), 20);
    expect(await client.closed).toMatch(/^(EPIPE|ECONNRESET)$/);
    clearInterval(dripping);
  });

  test("lets go of who does not read", async () => {
    const client = await RawClient.connect(impatient.port);
    client.socket.pause();
    client.send(request(`/0/${"x".repeat(8000)}`).repeat(4000));
    expect(await client.closed).toMatch(/^(EPIPE|ECONNRESET)$/);
    expect(client.age).toBeGreaterThanOrEqual(idle);
  });
});

test("ends in order with connections open", async () => {
  const own = await startServer("delay-server");
  const waiting = await RawClient.connect(own.port);
  const idle = await RawClient.connect(own.port);
  waiting.send(request("/0/x") + request("/60000/never"));
  await waiting.until((text) => text.endsWith("x"));
  expect(await own.stop()).toMatchObject(quietly(own));
  expect(textsOf(parseResponses(await waiting.untilEnd()).responses)).toEqual(["200 x"]);
  expect(await idle.untilEnd()).toBe("");
  await waiting.close();
  await idle.close();
});

test("a port that is in use", async () => {
  const { code, stdout, stderr } = await asFibers(["run", "examples/delay-server.ts", "--", String(server.port)]);
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toContain(`EADDRINUSE cannot listen on 127.0.0.1:${server.port}`);
});
