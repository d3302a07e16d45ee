/** Dependencies run one way, and what only some files may know, only they know. See docs/design.md. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { root } from "./setup/command.ts";

interface Source {
  /** Path in the repository. */
  file: string;
  text: string;
  /** Files of the same half that it imports when it runs: types only do not count, nor what it imports later. */
  imports: string[];
}

function readSources(half: "assembly" | "host"): Source[] {
  const names = readdirSync(path.join(root, half), { recursive: true, encoding: "utf8" });
  const files = names
    .filter((name) => name.endsWith(".ts"))
    .map((name) => path.posix.join(half, name.replaceAll("\\", "/")));
  return files.map((file) => {
    const text = readFileSync(path.join(root, file), "utf8");
    return { file, text, imports: readImports(file, text) };
  });
}

function readImports(file: string, text: string): string[] {
  const imports: string[] = [];
  for (const match of text.matchAll(/^(?:import|export) (type )?([^;]*?)from "(\.[^"]*)"/gms)) {
    const names = /^\{([^}]*)\}/s.exec((match[2] ?? "").trim())?.[1]?.split(",") ?? ["*"];
    const areTypes = match[1] || names.every((name) => !name.trim() || name.trim().startsWith("type "));
    if (areTypes) continue;
    const target = path.posix.join(path.posix.dirname(file), match[3] ?? "");
    imports.push(target.endsWith(".ts") || target.endsWith(".json") ? target : `${target}.ts`);
  }
  return imports;
}

/** The first cycle that is found, as a list of files; empty when there is none. */
function findCycle(sources: Source[]): string[] {
  const byFile = new Map(sources.map((source) => [source.file, source]));
  const finished = new Set<string>();
  const visit = (file: string, trail: string[]): string[] => {
    if (trail.includes(file)) return [...trail.slice(trail.indexOf(file)), file];
    if (finished.has(file)) return [];
    for (const imported of byFile.get(file)?.imports ?? []) {
      const cycle = visit(imported, [...trail, file]);
      if (cycle.length) return cycle;
    }
    finished.add(file);
    return [];
  };
  for (const { file } of sources) {
    const cycle = visit(file, []);
    if (cycle.length) return cycle;
  }
  return [];
}

/** Every file that this one needs to run, itself included. */
function closure(sources: Source[], file: string): Source[] {
  const found = new Map<string, Source>();
  const add = (name: string) => {
    const source = sources.find((candidate) => candidate.file === name);
    if (!source || found.has(name)) return;
    found.set(name, source);
    source.imports.forEach(add);
  };
  add(file);
  return [...found.values()];
}

/** The files whose code, comments left out, has this in it. */
function filesWith(sources: Source[], pattern: RegExp): string[] {
  const code = (text: string) => text.replace(/\/\*.*?\*\//gs, "").replace(/(^|\s)\/\/.*$/gm, "");
  return sources.filter(({ text }) => pattern.test(code(text))).map(({ file }) => file);
}

const assembly = readSources("assembly");
const host = readSources("host");

describe("assembly/", () => {
  test("has no circle of imports", () => {
    expect(findCycle(assembly)).toEqual([]);
  });

  test("only context.ts knows Asyncify", () => {
    expect(filesWith(assembly, /asyncify/i)).toEqual(["assembly/context.ts"]);
  });

  test("only abi.ts imports from the host, and on target wasi preview1.ts", () => {
    const files = filesWith(assembly, /@external\((?!"asyncify"|"as-fibers", "asyncify_state")/);
    expect(files.toSorted()).toEqual(["assembly/abi.ts", "assembly/wasi/preview1.ts"]);
  });

  test("the record has fields only", () => {
    expect(assembly.find(({ file }) => file === "assembly/record.ts")?.imports).toEqual([]);
  });

  test("the core does not know the vocabulary", () => {
    const core = closure(assembly, "assembly/scheduler.ts").map(({ file }) => path.basename(file));
    for (const file of [
      "fiber.ts",
      "task.ts",
      "calls.ts",
      "exports.ts",
      "output.ts",
      "time.ts",
      "channel.ts",
      "event-queue.ts",
    ]) {
      expect(core).not.toContain(file);
    }
  });

  test("index.ts only re-exports", () => {
    const { text = "" } = assembly.find(({ file }) => file === "assembly/index.ts") ?? {};
    for (const line of text.split("\n")) expect(line).toMatch(/^$|^\/\*\*|^export \{.*\} from "\.\//);
  });
});

describe("host/", () => {
  test("has no circle of imports", () => {
    expect(findCycle(host)).toEqual([]);
  });

  test("only abi.ts and fiber-records.ts read the guest's memory, and only wasi/layout.ts that of a WASI program", () => {
    const files = filesWith(host, /new DataView\(.*memory|memory\.buffer\b/);
    expect(files.toSorted()).toEqual(["host/abi.ts", "host/fiber-records.ts", "host/wasi/layout.ts"]);
  });

  test("only drivers and wasi/ know the event loop and the network", () => {
    const files = filesWith(host, /\bsetImmediate\(|"node:(net|dgram|dns|tty)/).filter(
      (file) => !file.startsWith("host/command/"),
    );
    expect(files.length).toBeGreaterThan(2);
    for (const file of files) expect(file).toMatch(/^host\/(drivers\/|event-queue\/|wasi\/)/);
  });

  test("drivers know neither the runtime nor each other", () => {
    for (const { file, imports } of host.filter((source) => source.file.startsWith("host/drivers/"))) {
      const own = file.replace(/^host\/drivers\/([a-z]+).*/, "host/drivers/$1/");
      for (const imported of imports.filter((name) => !name.startsWith(own))) {
        expect(imported, file).toMatch(
          /^host\/(abi|driver|errno|errors|drivers\/common\/[a-z-]+|event-queue\/[a-z-]+)\.ts$/,
        );
      }
    }
  });

  test("loading a module needs neither the compiler nor the transform", () => {
    const files = closure(host, "host/index.ts");
    expect(files.length).toBeGreaterThan(10);
    expect(filesWith(files, /from "assemblyscript/)).toEqual([]);
    expect(files.filter(({ file }) => file.startsWith("host/transform/"))).toEqual([]);
  });

  test("wasi/ knows nothing of fibers, and only the command knows wasi/", () => {
    const isOwn = (name: string) => name.startsWith("host/wasi/");
    for (const { file, imports } of host.filter((source) => !source.file.startsWith("host/command/"))) {
      const shared = ["host/errors.ts", "host/koffi.ts"];
      const allowed = (name: string) => isOwn(name) === isOwn(file) || (isOwn(file) && shared.includes(name));
      expect(
        imports.filter((name) => !allowed(name)),
        file,
      ).toEqual([]);
    }
  });

  test("only the command knows the command", () => {
    const others = host.filter(({ file }) => !file.startsWith("host/command/"));
    for (const { file, imports } of others) {
      for (const imported of imports) expect(imported, file).not.toMatch(/^host\/command\//);
    }
  });
});

test.each([...assembly, ...host].map(({ file, text }) => [file, text] as const))(
  "%s opens with what it is",
  (_, text) => {
    expect(text.replace(/^#!.*\n/, "")).toMatch(/^\/\*\*/);
  },
);
