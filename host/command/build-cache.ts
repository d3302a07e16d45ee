/**
 * What was compiled before, in the node_modules/.cache/as-fibers nearest to the program: one that has not changed need not be compiled again.
 *
 * An entry says what was read to make it, and what was looked for and not found. It holds as long as all of that is the same. Anything
 * else about it (no folder, no right to write, a file that was cut off) means only that the program is compiled.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { deserialize, serialize } from "node:v8";
import type { Compiled, CompileOptions } from "../compile.ts";
import { diskFiles, type SourceFiles } from "../source-files.ts";

/** More are not kept; the oldest go. */
const MAX_ENTRIES = 50;

/** What was read: the question, as "read" or "list" and a path, and the checksum of the answer. */
export type Reads = Map<string, string>;

interface Entry {
  reads: Reads;
  compiled: Compiled;
}

/**
 * Compiles a program, unless it has been compiled before.
 * @param onReads told what was read for it, also when it does not compile
 * @param compiler the folder of the compiler: as a bundle, that of this file
 */
export async function compileOnce(
  file: string,
  options: CompileOptions,
  compile: (files: SourceFiles) => Promise<Compiled>,
  onReads: (reads: Reads) => void = () => {},
  compiler = path.dirname(fileURLToPath(import.meta.url)),
): Promise<Compiled> {
  const cached = await locate(file, options, compiler);
  const found = cached === undefined ? undefined : await readEntry(cached);
  if (found && (await isCurrent(found.reads))) {
    onReads(found.reads);
    return found.compiled;
  }
  const reads: Reads = new Map();
  const compiled = await compile(recording(reads)).finally(() => onReads(reads));
  if (cached !== undefined) await keep(cached, { reads, compiled });
  return compiled;
}

/** The entry's file. Undefined: there is no place to keep it. */
async function locate(file: string, options: CompileOptions, compilerFolder: string): Promise<string | undefined> {
  const folder = findModules(path.dirname(path.resolve(file)));
  const compiler = await identifyCompiler(compilerFolder);
  if (folder === undefined || compiler === undefined) return undefined;
  const key = checksum(JSON.stringify([path.resolve(file), options, compiler]));
  return path.join(folder, ".cache/as-fibers", key);
}

/** The nearest node_modules. */
function findModules(folder: string): string | undefined {
  const modules = path.join(folder, "node_modules");
  if (existsSync(modules)) return modules;
  const parent = path.dirname(folder);
  return parent === folder ? undefined : findModules(parent);
}

/** What makes two compilers different: the version of asc, and our own files. */
async function identifyCompiler(folder: string): Promise<string | undefined> {
  try {
    const { version } = createRequire(import.meta.url)("assemblyscript/package.json") as { version: string };
    const names = (await readdir(folder)).filter((name) => name.endsWith(".js")).toSorted();
    const times = await Promise.all(names.map(async (name) => (await stat(path.join(folder, name))).mtimeMs));
    return [version, names, times].join(" ");
  } catch {
    // It is not installed, which the import will say.
    return undefined;
  }
}

/** The disk, with notes of what was read. */
function recording(reads: Reads): SourceFiles {
  return {
    async read(file) {
      const text = await diskFiles.read(file);
      reads.set(`read ${file}`, checksum(text));
      return text;
    },
    async list(folder) {
      const names = await diskFiles.list(folder);
      reads.set(`list ${folder}`, checksum(names));
      return names;
    },
  };
}

/** Whether reading all of it again would bring the same. */
export async function isCurrent(reads: Reads): Promise<boolean> {
  const same = await Promise.all(
    [...reads].map(async ([question, answer]) => checksum(await ask(question)) === answer),
  );
  return same.every(Boolean);
}

function ask(question: string): Promise<unknown> {
  const where = pathOf(question);
  return question.startsWith("read ") ? diskFiles.read(where) : diskFiles.list(where);
}

/** The file or folder that was read. */
export function pathOf(question: string): string {
  return question.slice("read ".length);
}

async function readEntry(file: string): Promise<Entry | undefined> {
  try {
    return deserialize(await readFile(file)) as Entry;
  } catch {
    return undefined;
  }
}

async function keep(file: string, entry: Entry): Promise<void> {
  const part = `${file}.${process.pid}`;
  try {
    await mkdir(path.dirname(file), { recursive: true });
    // Another process may read or write it at the same time.
    await writeFile(part, serialize(entry));
    await rename(part, file);
    await dropOldest(path.dirname(file));
  } catch {
    await rm(part, { force: true }).catch(() => {});
  }
}

async function dropOldest(folder: string): Promise<void> {
  const names = await readdir(folder);
  if (names.length <= MAX_ENTRIES) return;
  const files = names.map((name) => path.join(folder, name));
  const aged = await Promise.all(files.map(async (file) => ({ file, age: (await stat(file)).mtimeMs })));
  aged.sort((one, other) => one.age - other.age);
  await Promise.all(aged.slice(0, -MAX_ENTRIES).map(({ file }) => rm(file, { force: true })));
}

/** Of a text, of names, or of nothing. */
function checksum(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex");
}
