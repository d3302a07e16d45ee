/** Target `wasi` by the command: `as-fibers build` makes a file that other hosts run; `as-fibers run --target wasi` runs it here. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { compile } from "as-fibers/compiler";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { asFibers, type CommandOptions, type Ended, runNode, startFibers } from "../setup/command.ts";
import { exampleOutputs } from "../setup/example-outputs.ts";
import { runFake } from "../setup/fake-wasi.ts";
import { readDocument } from "../setup/markdown.ts";
import { RawClient } from "../setup/raw-client.ts";
import { isHere } from "../setup/real-drivers.ts";

const folder = mkdtempSync(path.join(tmpdir(), "as-fibers-wasi-"));
afterAll(() => rmSync(folder, { recursive: true }));

const program = (name: string) => `test/guests/wasi/${name}.ts`;

/** In a debug build, which is compiled in a third of the time; what is optimized is built once, below. */
const RUN = ["run", "--target", "wasi", "--debug"];

function run(words: string[], options: CommandOptions = {}): Promise<Ended> {
  return asFibers([...RUN, ...words], options);
}

describe("as-fibers build", () => {
  const file = path.join(folder, "life.wasm");
  let built: Ended;

  beforeAll(async () => {
    built = await asFibers(["build", program("life"), "-o", file, "--target", "wasi"]);
  });

  /** On Node's own WASI host, which knows nothing of as-fibers. */
  function runPlain(...words: string[]): Promise<Ended> {
    const script = `
      import { readFileSync } from "node:fs";
      import { WASI } from "node:wasi";
      const [file, ...args] = process.argv.slice(1);
      const wasi = new WASI({ version: "preview1", args: ["life", ...args], returnOnExit: true });
      const { instance } = await WebAssembly.instantiate(readFileSync(file), wasi.getImportObject());
      process.exitCode = wasi.start(instance);`;
    return runNode(["--no-warnings", "--input-type=module", "--eval", script, file, ...words]);
  }

  test("writes a module that imports WASI alone, and says nothing", () => {
    expect(built).toEqual({ code: 0, stdout: "", stderr: "" });
    const module = new WebAssembly.Module(readFileSync(file));
    for (const { module: from } of WebAssembly.Module.imports(module)) expect(from).toBe("wasi_snapshot_preview1");
  });

  test("the module runs where nothing of as-fibers is: fibers, sleep, arguments", async () => {
    const { code, stdout, stderr } = await runPlain("background");
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: "top level, 1 words\n1.5\nworker is cleaned up\n",
      stderr: "",
    });
    expect((await runPlain("values", "2", "4")).stdout).toContain("values 2 4: 2 4.0 false\n8\n");
  });

  test.each([
    ["fail", 1, "✘ E_PURPOSE joined fiber"],
    ["deadlock", 1, "✘ E_DEADLOCK nothing can wake"],
    ["throw", 255, "✘ E_MINE thrown"],
  ])("%s ends it with %i", async (way, expected, headline) => {
    const { code, stderr } = await runPlain(way);
    expect(code).toBe(expected);
    expect(stderr).toContain(headline);
  });

  test.each<[string[], string, string]>([
    [["build"], "E_NO_FILE build takes the file of a program", "as-fibers build assembly/index.ts -o build/app"],
    [["build", program("life"), "--target", "wasi"], "E_INVALID_OPTION --out is missing", "-o build/app"],
    [
      ["build", program("life"), "-o", file, "--stack-limit", "64"],
      "E_INVALID_OPTION --stack-limit goes",
      "instantiate",
    ],
    [["build", program("life"), "-o", file, "--imports", "none.js"], "E_NO_FILE there is no file none.js", "looked in"],
    [
      ["build", program("life"), "-o", file, "--imports", "vitest.config.ts", "--target", "wasi"],
      "E_INVALID_OPTION --imports does not go with --target wasi",
      "WASI",
    ],
    [["build", program("life"), "-o", file, "--target", "debug"], 'E_INVALID_OPTION --target got "debug"', "wasi"],
    [["build", "none.ts", "-o", file, "--target", "wasi"], "E_NO_FILE there is no file none.ts", "looked in"],
    [["build", program("life"), "other.ts", "-o", file, "--target", "wasi"], "E_INVALID_ARGUMENT", "as-fibers build"],
    [["build", "--loud"], "E_INVALID_OPTION unknown option '--loud'", "as-fibers build --help"],
    [["run", program("life"), "--base", "node:wasi"], "E_INVALID_OPTION --base does not go with", "--target wasi"],
    [["run", program("life"), "--debug"], "E_INVALID_OPTION --debug does not go with", "by default"],
    [["run", "--target", "wasi", "--driver", "node", program("life")], "E_INVALID_OPTION --driver does not", "driver"],
    [["run", "--target", "wasi", "--base", "x", program("life")], 'E_INVALID_OPTION --base got "x"', "node:wasi"],
    [["run", "--target", "wasi", "--listen", "x", program("life")], 'E_INVALID_OPTION --listen got "x"', "host:port"],
    [["run", "--target", "wasi", "--env", "=x", program("life")], 'E_INVALID_OPTION --env got "=x"', "NAME=value"],
    [
      ["run", "--target", "wasi", "--dir", "none::/", program("life")],
      'E_INVALID_OPTION --dir got "none::/"',
      "no directory",
    ],
  ])("%j says what is wrong and what is right", async (words, message, hint) => {
    const { code, stdout, stderr } = await asFibers(words);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(`✘ ${message}`);
    expect(stderr.split("\n")[1]).toContain(hint);
  });

  test("a program that does not compile, or a file that cannot be written, is reported", async () => {
    const noMain = await asFibers(["build", "test/guests/command/no-main.ts", "-o", file, "--target", "wasi"]);
    expect(noMain).toMatchObject({ code: 1, stdout: "" });
    expect(noMain.stderr).toContain("E_NO_MAIN");
    const nowhere = path.join(file, "out.wasm");
    const unwritten = await asFibers(["build", program("life"), "-o", nowhere, "--target", "wasi"]);
    expect(unwritten).toMatchObject({ code: 1, stdout: "" });
    expect(unwritten.stderr).toContain(`✘ E_NOT_WRITTEN cannot write ${nowhere}: EEXIST`);
  });

  test("--help tells its options", async () => {
    const { code, stdout } = await asFibers(["build", "--help"]);
    expect(code).toBe(0);
    for (const option of ["-o, --out", "--target wasi", "--imports", "--debug", "--stack-limit"])
      expect(stdout).toContain(option);
    for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  });
});

describe("the examples that docs/wasi.md lists", () => {
  const rows = [...readDocument("docs/wasi.md").matchAll(/^\| `([a-z-]+)` \| (.*?) \|/gm)];
  const same = rows.filter(([, , result]) => result === "the same").map(([, name = ""]) => name);

  test("are all, and those are the same that need no connection", () => {
    const [, table = ""] = /^## The examples\n(.*?)^## /ms.exec(readDocument("docs/wasi.md")) ?? [];
    const cells = [...table.matchAll(/^\| (`.*?`) \|/gm)].flatMap(([, cell = ""]) =>
      cell.replaceAll("`", "").split(", "),
    );
    const files = readdirSync("examples").filter((file) => file.endsWith(".ts"));
    expect(cells.toSorted()).toEqual(files.map((file) => file.slice(0, -3)).toSorted());
    const connecting = ["five-at-once", "hundred-requests", "reverse-responses", "udp-echo"];
    const expected = Object.keys(exampleOutputs).filter((name) => !connecting.includes(name));
    expect(same.toSorted()).toEqual(expected.toSorted());
  });

  test("two-counters prints what it prints on Node, by the command", async () => {
    const stdout = exampleOutputs["two-counters"];
    expect(await run(["examples/two-counters.ts"])).toEqual({ code: 0, stdout, stderr: "" });
  });

  // Some of the others, without a process for each: all of them run on both drivers of Node, and a compilation takes a second.
  test.each(same.filter((name, i) => name !== "two-counters" && i % 6 === 1))(
    "%s prints what it prints on Node",
    async (name) => {
      const { binary } = await compile(`examples/${name}.ts`, { target: "debug", host: "wasi" });
      expect(await runFake(binary)).toMatchObject({ code: 0, stdout: exampleOutputs[name], stderr: "" });
    },
  );

  test("trap ends with the first trap", async () => {
    const onNode = await asFibers(["run", "examples/trap.ts"]);
    const { code, stdout, stderr } = await run(["examples/trap.ts"]);
    expect(code).toBe(255);
    expect(stdout).not.toBe("");
    expect(onNode.stdout.slice(0, stdout.length)).toBe(stdout);
    expect(stderr).toContain('✘ E_ABORTED Index out of range\n  in fiber "best of 6" (7)\n');
  });

  test("delay-server serves the socket that it is given", async () => {
    const server = startFibers([...RUN, "--listen", "0", "examples/delay-server.ts"]);
    try {
      const port = await announcedPort(server);
      const texts = ["60/slow", "1/quick", "30/middle"].map(async (way) =>
        (await fetch(`http://127.0.0.1:${port}/${way}`)).text(),
      );
      expect(await Promise.all(texts)).toEqual(["slow", "quick", "middle"]);
    } finally {
      server.child.kill("SIGKILL");
      await server.ended;
    }
  });
});

/** The port that the command has announced on standard error. */
function announcedPort({ child, ended }: ReturnType<typeof startFibers>): Promise<number> {
  return new Promise((resolve, reject) => {
    let text = "";
    child.stderr?.on("data", (chunk: string) => {
      text += chunk;
      const port = /^as-fibers: listening on 127\.0\.0\.1:(\d+)\n/m.exec(text)?.[1];
      if (port !== undefined) resolve(Number(port));
    });
    ended.then((result) => reject(new Error(`it has ended: ${JSON.stringify(result)}`)), reject);
  });
}

describe.each(["@wasmer/wasi", "node:wasi"])("as-fibers run --target wasi --base %s", (base) => {
  const withBase = ["--base", base];

  test("gives arguments, environment and files, and its exit code is the program's", async () => {
    const files = path.join(folder, base.replaceAll(/\W/g, "-"));
    mkdirSync(files);
    writeFileSync(path.join(files, "greeting.txt"), "hello");
    const { code, stdout, stderr } = await run([
      ...withBase,
      "--dir",
      `${files}::/data`,
      "--env",
      "HOME=/a=b",
      "--env",
      "FILES=yes",
      program("life"),
      "--",
      "world",
      "4",
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "an error\ntrace: traced 1.0 2.5\n" });
    expect(stdout).toMatch(/^top level, 2 words\n\/a=b\nno hom\n\d+ true true\nhello, copied\nerrno 44\nlogged\n2\n$/);
    const copy = path.join(files, "copy.txt");
    expect(existsSync(copy) ? readFileSync(copy, "utf8") : "kept in memory").toBe(
      base === "node:wasi" ? "hello, copied" : "kept in memory",
    );
    expect(await run([...withBase, program("life")])).toMatchObject({ code: 2 });
  });

  test("a trap ends the program", async () => {
    const { code, stdout, stderr } = await run([...withBase, program("life"), "--", "trap"]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "top level, 1 words\n" });
    expect(stderr).toMatch(/^✘ E_TRAP unreachable: on target wasi a trap ends the program\n/);
    expect(stderr).toContain("life/main");
  });
});

describe("as-fibers run --target wasi", () => {
  // Without poll(2) all wait for standard input: docs/wasi.md.
  test.skipIf(!isHere("poll"))("standard input comes while other fibers run, on poll", async () => {
    const running = startFibers([...RUN, program("streams"), "--", "stdin"], {
      stdin: "pipe",
    });
    await running.printed(/tick 2\n/);
    running.child.stdin?.write("one\ntw");
    await running.printed(/> one\ntick \d+\n/);
    running.child.stdin?.end("o\nthree");
    const { code, stdout, stderr } = await running.ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout.replace(/^tick \d+\n/gm, "")).toBe("> one\n> two\n> three\n");
  });

  /** Starts a way of `streams.ts` on a socket, until it listens. */
  async function serve(...words: string[]) {
    const listen = ["--listen", "127.0.0.1:0"];
    const running = startFibers([...RUN, ...listen, program("streams"), "--", ...words]);
    return { running, port: await announcedPort(running) };
  }

  test("pre-opened sockets: several connections at a time, large writes, the end of one side", async () => {
    const { running, port } = await serve("serve", "3");
    const text = "0123456789abcdef".repeat(1 << 16);
    const clients = [text, "short", ""].map(async (sent) => {
      const client = await RawClient.connect(port);
      client.send(sent);
      client.socket.end();
      await client.closed;
      expect(client.text).toBe(sent);
    });
    await Promise.all(clients);
    const { code, stdout, stderr } = await running.ended;
    expect({ code, stderr: stderr.split("\n").slice(1).join("\n") }).toEqual({ code: 0, stderr: "" });
    const lines = stdout.split("\n");
    expect(lines[0]).toBe("no second listener: ENOTSUP");
    expect(lines.slice(1, -1).toSorted()).toEqual(
      [
        ...Array.from({ length: 3 }, () => "after shutdown: EPIPE"),
        ...[0, 5, 1 << 20].map((n) => `echoed ${n}`),
      ].toSorted(),
    );
  });

  test("one reader at a time; closing wakes who waits", async () => {
    const { running, port } = await serve("misuse");
    const client = await RawClient.connect(port);
    const { code, stdout } = await running.ended;
    await client.close();
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: 'address ""\nread: E_BUSY\nread: E_CLOSED\naccept: E_CLOSED\n',
    });
  });

  test("a write that times out closes the stream for writing", async () => {
    const { running, port } = await serve("flood");
    const client = await RawClient.connect(port);
    client.socket.pause();
    const { code, stdout } = await running.ended;
    await client.close();
    expect({ code, stdout }).toEqual({ code: 0, stdout: "true: ETIMEDOUT\nthen: EPIPE\nread: ETIMEDOUT\n" });
  });
});
