/** C programs that know nothing of as-fibers, over wasi-libc: they sleep, poll standard input, serve a socket and open files on our imports. */
import { commands } from "@yowasp/clang";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test } from "vitest";
import { inBaseline } from "../../host/command/baseline.ts";
import { describeCombinations } from "../setup/describe.ts";
import { root } from "../setup/command.ts";

const programs = ["sleep", "poll-stdin", "echo", "preopens"] as const;
type Program = (typeof programs)[number];

const cache = path.join(root, ".cache/wasi/c");
const fileOf = (program: Program) => path.join(cache, `${program}-${process.pid}.wasm`);

beforeAll(async () => {
  mkdirSync(cache, { recursive: true });
  // The compiler is a Wasm module of many megabytes: optimizing it takes longer than the programs do.
  await inBaseline(async () => {
    await commands.clang(undefined, {}, quiet); // reads the compiler
    for (const program of programs) writeFileSync(fileOf(program), await compile(program));
  });
});

afterAll(() => {
  for (const program of programs) rmSync(fileOf(program), { force: true });
});

const quiet = { fetchProgress: () => {} };

/** About 1.5 s for the first, 0.3 s for the others, and 370 MB. */
async function compile(program: Program): Promise<Uint8Array> {
  const source = readFileSync(path.join(root, "test/wasi/c", `${program}.c`), "utf8");
  const messages: string[] = [];
  const print = (bytes: Uint8Array | null) => void messages.push(new TextDecoder().decode(bytes ?? new Uint8Array()));
  try {
    const options = { ...quiet, stdout: print, stderr: print };
    const files = await commands.clang(
      ["-O2", "-Wall", "-Werror", "program.c", "-o", "program.wasm"],
      { "program.c": source },
      options,
    );
    return files?.["program.wasm"] as Uint8Array;
  } catch (error) {
    throw new Error(`${program}.c does not compile:\n${messages.join("")}`, { cause: error });
  }
}

/** The program in a process of its own, whose end of the streams this test holds. */
class Running {
  readonly #child;
  readonly #lines;
  readonly #exit: Promise<number | null>;
  #errors = "";

  constructor(base: string, waiting: string, program: Program, listeners: number, directory: string[]) {
    const script = path.join(root, "test/wasi/foreign-run.mjs");
    this.#child = spawn(process.execPath, [script, base, waiting, fileOf(program), String(listeners), ...directory], {
      timeout: 20_000, // a program that hangs has no more lines then
      killSignal: "SIGKILL",
    });
    this.#child.stderr.on("data", (chunk) => (this.#errors += chunk));
    this.#lines = createInterface(this.#child.stdout)[Symbol.asyncIterator]();
    this.#exit = once(this.#child, "close").then(([code]) => code as number | null);
  }

  /** The next line of standard output; what went wrong when there is none. */
  async line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    return done ? `no more; ${this.#errors}` : value;
  }

  async lines(count: number): Promise<string[]> {
    const lines: string[] = [];
    while (lines.length < count) lines.push(await this.line());
    return lines;
  }

  /** The port of the only listener. */
  async port(): Promise<number> {
    while (!/^\d+\n/m.test(this.#errors)) await once(this.#child.stderr, "data");
    return Number(/^\d+$/m.exec(this.#errors)?.[0]);
  }

  type(text: string): void {
    this.#child.stdin.write(text);
  }

  endInput(): void {
    this.#child.stdin.end();
  }

  exitCode(): Promise<number | null> {
    return this.#exit;
  }

  stop(): void {
    this.#child.kill("SIGKILL");
  }
}

describeCombinations(({ base, waiting }) => {
  async function run(
    program: Program,
    listeners: number,
    use: (running: Running) => Promise<void>,
    directory: string[] = [],
  ) {
    const running = new Running(base, waiting, program, listeners, directory);
    try {
      await use(running);
    } finally {
      running.stop();
    }
  }

  test("sleeps never end early", async () => {
    await run("sleep", 0, async (running) => {
      expect(await running.lines(3)).toEqual([
        "nanosleep: 0 early, 0 failed of 35",
        "usleep: 0 early, 0 failed of 35",
        "clock_nanosleep: 0 early, 0 failed of 35",
      ]);
      expect(await running.exitCode()).toBe(0);
    });
  });

  test("poll(2) waits for standard input, with and without a timeout", async () => {
    await run("poll-stdin", 0, async (running) => {
      expect(await running.line()).toBe("in vain: 0");
      running.type("hello\n");
      expect(await running.line()).toBe("6 bytes: hello");
      running.type("again\n");
      expect(await running.line()).toBe("6 bytes: again");
      running.endInput();
      expect(await running.line()).toBe("end");
      expect(await running.exitCode()).toBe(3);
    });
  });

  test("a server of several connections over a pre-opened socket", async () => {
    await run("echo", 1, async (running) => {
      const port = await running.port();
      const clients: net.Socket[] = [];
      try {
        for (let count = 1; count <= 3; count++) {
          clients.push(net.connect(port, "127.0.0.1"));
          expect(await running.line()).toBe(`connections: ${count}`);
        }
        for (const [index, client] of clients.entries())
          expect(await echo(client, `hello ${index}`)).toBe(`hello ${index}`);
        const long = "0123456789".repeat(2000);
        expect(await Promise.all(clients.map((client) => echo(client, long)))).toEqual([long, long, long]);
        clients[0]?.end();
        expect(await running.line()).toBe("connections: 2");
        clients[1]?.write("quit");
        expect(await running.exitCode()).toBe(0);
      } finally {
        for (const client of clients) client.destroy();
      }
    });
  });

  test("directories are found behind a pre-opened socket, and files in them", async () => {
    const directory = mkdtempSync(path.join(tmpdir(), "as-fibers-foreign-"));
    writeFileSync(path.join(directory, "greeting.txt"), "hello program");
    const walkAndOpen = async (running: Running) => {
      expect(await running.lines(7)).toEqual([
        "3: no directory",
        "4: directory /data, 5, ok",
        "5: Bad file descriptor",
        "/data/greeting.txt: hello program",
        "/data/answer.txt: hello host",
        "/data/missing.txt: No such file or directory",
        "/elsewhere/greeting.txt: No such file or directory",
      ]);
      expect(await running.exitCode()).toBe(0);
    };
    try {
      await run("preopens", 1, walkAndOpen, [directory]);
      const isOnDisk = existsSync(path.join(directory, "answer.txt"));
      expect(isOnDisk).toBe(base === "node:wasi"); // the other one keeps it in memory
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

/** Sends the text and waits for as many bytes. */
async function echo(client: net.Socket, text: string): Promise<string> {
  let answer = "";
  client.setEncoding("utf8").write(text);
  for await (const chunk of client.iterator({ destroyOnReturn: false })) {
    answer += chunk;
    if (answer.length >= text.length) break;
  }
  return answer;
}
