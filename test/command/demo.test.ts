/** `as-fibers demo`: the list, and running an example by its name, from any folder. */
import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { describe, expect, test } from "vitest";
import { asFibers, startFibers } from "../setup/command.ts";
import { parseResponses, request } from "../setup/http.ts";
import { RawClient } from "../setup/raw-client.ts";

test("lists every example with what it does, the showcase first", async () => {
  const { code, stdout, stderr } = await asFibers(["demo"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const listed =
    stdout
      .split("\n\n")[0]
      ?.split("\n")
      .map((line) => line.trim().split(/ {2,}/)) ?? [];
  const names = readdirSync("examples")
    .filter((file) => file.endsWith(".ts"))
    .map((file) => file.slice(0, -3));
  expect(listed.map(([name]) => name).toSorted()).toEqual(names.toSorted());
  expect(listed[0]?.[0]).toBe("showcase");
  for (const [, description] of listed) expect(description).toMatch(/^[A-Z].*\.$/);
});

test("runs an example, with its arguments", async () => {
  const { code, stdout, stderr } = await asFibers(["demo", "sleep-sort", "--", "4 0 2"], { cwd: tmpdir() });
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: "0 2 4\n", stderr: "" });
});

describe("a server", () => {
  /** Starts the delay server, and waits until it listens. */
  async function startServer(...words: string[]) {
    const { child, ended, printed } = startFibers(["demo", "delay-server", ...words]);
    const [line, port] = await printed(/^listening on 127\.0\.0\.1:(\d+)\n/);
    return { child, ended, line, port: Number(port) };
  }

  test.each(["SIGINT", "SIGTERM"] as const)("closes in order at %s, and its port is free again", async (signal) => {
    const server = await startServer();
    const client = await RawClient.connect(server.port);
    // With the answer to the first request, the server has begun to serve the second one.
    client.send(request("/0/first") + request("/60000/second"));
    const received = await client.until((text) => parseResponses(text).responses.length === 1);
    server.child.kill(signal);
    expect(await server.ended).toEqual({ code: 0, stdout: server.line, stderr: "" });
    expect(await client.untilEnd()).toBe(received);
    await client.close();

    const next = await startServer("--", String(server.port));
    expect(next.port).toBe(server.port);
    expect(await (await fetch(`http://127.0.0.1:${next.port}/1/again`)).text()).toBe("again");
    next.child.kill(signal);
    expect(await next.ended).toEqual({ code: 0, stdout: next.line, stderr: "" });
  });

  test("is refused a port that is in use, with a code of its own", async () => {
    const server = await startServer();
    const { code, stdout, stderr } = await asFibers(["demo", "delay-server", "--", String(server.port)]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain("✘ EADDRINUSE");
    server.child.kill("SIGTERM");
    expect((await server.ended).code).toBe(0);
  });
});
