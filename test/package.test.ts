/** The package as npm packs it: what is in it, that its types resolve, and that a project made by it builds, runs and tests. */
import { execFile } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Ended, root, runNode } from "./setup/command.ts";

interface Manifest {
  bin: Record<string, string>;
  exports: Record<string, string | { types: string; default: string }>;
  scripts: Record<string, string>;
  dependencies: Record<string, string>;
}

/** A folder with the package, unpacked, in its node_modules; the compiler is the repository's. Optional dependencies are not there. */
let folder = "";
let installed = "";
let project = "";
let manifest: Manifest;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "as-fibers-package-"));
  project = path.join(folder, "my-app");
  installed = path.join(folder, "node_modules/as-fibers");
  mkdirSync(path.join(folder, "node_modules/.bin"), { recursive: true });
  mkdirSync(path.join(folder, "node_modules/@jridgewell"));
  mkdirSync(installed);
  // What is in dist is what the suite tests.
  await run("npm", ["pack", "--ignore-scripts", "--silent", "--pack-destination", folder], root);
  const [tarball = ""] = readdirSync(folder).filter((name) => name.endsWith(".tgz"));
  await run(
    "tar",
    ["--extract", "--strip-components=1", "--file", path.join(folder, tarball), "-C", installed],
    folder,
  );
  manifest = readManifest(installed);
  for (const name of ["assemblyscript", ...Object.keys(manifest.dependencies)]) {
    symlinkSync(path.join(root, "node_modules", name), path.join(folder, "node_modules", name));
  }
  symlinkSync("../as-fibers/dist/command.js", path.join(folder, "node_modules/.bin/as-fibers"));
});

afterAll(() => rmSync(folder, { recursive: true }));

const run = async (file: string, words: string[], cwd: string) => promisify(execFile)(file, words, { cwd });

function readManifest(of: string): Manifest {
  return JSON.parse(readFileSync(path.join(of, "package.json"), "utf8")) as Manifest;
}

/** All paths that the manifest names, relative to the package. */
function named(): string[] {
  const exported = Object.values(manifest.exports).flatMap((target) =>
    typeof target === "string" ? [target] : [target.types, target.default],
  );
  return [...exported, ...Object.values(manifest.bin)];
}

describe("npm pack", () => {
  test("holds what users need, and nothing else", () => {
    const tops = readdirSync(installed).toSorted();
    expect(tops).toEqual(
      [
        "CHANGELOG.md",
        "LICENSE",
        "README.md",
        "assembly",
        "dist",
        "docs",
        "examples",
        "package.json",
        "template",
      ].toSorted(),
    );
    const files = readdirSync(installed, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(installed, path.join(entry.parentPath, entry.name)));
    const kinds: [folder: string, pattern: RegExp][] = [
      ["assembly", /^assembly\/([\w-]+\/)*([\w-]+\.ts|asconfig\.json)$/],
      ["dist", /^dist\/([\w-]+\.js(\.map)?|types\/.*\.d\.ts)$/],
      ["docs", /^docs\/.*\.(md|svg)$/],
      ["examples", /^examples\//],
      ["template", /^template\//],
    ];
    for (const [top, pattern] of kinds) {
      const strange = files.filter((file) => file.startsWith(`${top}/`) && !pattern.test(file));
      expect(strange, top).toEqual([]);
    }
    expect(files.filter((file) => file.startsWith("dist/types/command/"))).toEqual([]);
  });

  test("has every file that its manifest names", () => {
    const paths = named().filter((target) => !target.includes("*"));
    expect(paths.length).toBeGreaterThan(15);
    expect(paths.filter((target) => !existsSync(path.join(installed, target)))).toEqual([]);
  });

  test("runs nothing when it is installed", () => {
    const atInstall = ["preinstall", "install", "postinstall", "prepublish", "preprepare", "prepare", "postprepare"];
    expect(Object.keys(manifest.scripts).filter((name) => atInstall.includes(name))).toEqual([]);
  });
});

/** Checks `consumer.ts` in the project; what tsc says. */
async function typecheck(text: string, resolution: { module: string; moduleResolution: string }): Promise<Ended> {
  const compilerOptions = {
    ...resolution,
    target: "es2023",
    lib: ["es2023", "dom"],
    types: ["node"],
    typeRoots: [path.join(root, "node_modules/@types")],
    strict: true,
    noEmit: true,
  };
  writeFileSync(path.join(project, "consumer.ts"), text);
  writeFileSync(path.join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["consumer.ts"] }));
  return runNode([path.join(root, "node_modules/typescript/bin/tsc")], { cwd: project });
}

const resolutions = [
  { module: "node16", moduleResolution: "node16" },
  { module: "preserve", moduleResolution: "bundler" },
];

/** Whether `as-fibers build` makes modules for JavaScript yet. */

describe("a new project", () => {
  /** Runs what stands behind this name in its scripts. */
  async function runScript(name: string): Promise<Ended> {
    const words = readManifest(project).scripts[name] ?? "";
    const nodeFolder = path.dirname(process.execPath);
    const PATH = [path.join(folder, "node_modules/.bin"), nodeFolder, process.env["PATH"]].join(path.delimiter);
    const { NO_COLOR: _, FORCE_COLOR: _force, NODE_TEST_CONTEXT: _context, ...environment } = process.env;
    const env = { ...environment, PATH };
    return new Promise((resolve) => {
      execFile("sh", ["-c", words], { cwd: project, env }, (error, stdout, stderr) => {
        resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
      });
    });
  }

  beforeAll(async () => {
    const made = await runNode([path.join(installed, "dist/command.js"), "init", "my-app"], { cwd: folder });
    expect(made).toMatchObject({ code: 0, stderr: "" });
  });

  test("takes the library by its version", () => {
    const { version } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as { version: string };
    expect(readManifest(project).dependencies).toEqual({ "as-fibers": `^${version}` });
  });

  test("runs", async () => {
    const stdout = "all are cooking\ndone after 300 ms\ndone after 200 ms\ndone after 100 ms\n";
    expect(await runScript("start")).toEqual({ code: 0, stdout, stderr: "" });
  });

  test("builds, and its test passes", async () => {
    const { code, stdout } = await runScript("test");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^(#|ℹ) pass 1$/m);
    expect(readdirSync(path.join(project, "build")).toSorted()).toEqual([
      "app.d.ts",
      "app.js",
      "app.wasm",
      "app.wasm.map",
    ]);
  });

  test.each(resolutions)("has types, of its program and of the library: $moduleResolution", async (resolution) => {
    const entries = Object.entries(manifest.exports).filter(([, target]) => typeof target !== "string");
    expect(entries.length).toBeGreaterThan(5);
    const lines = entries.map(([name], i) => `export * as entry${i} from "${path.posix.join("as-fibers", name)}";\n`);
    const ofProgram = `
      import { cook } from "./build/app.js";
      export const dish: string = await cook(1);
      // @ts-expect-error It takes a number.
      await cook("1");
      // @ts-expect-error It gives a promise.
      export const early: string = cook(1);`;
    lines.push(ofProgram);
    expect(await typecheck(lines.join(""), resolution)).toEqual({ code: 0, stdout: "", stderr: "" });
  });
});
