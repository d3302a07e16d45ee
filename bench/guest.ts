/** The AssemblyScript programs of the benchmarks: compiled when they are needed, kept in .cache/bench/. */
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type App, load } from "as-fibers";
import { CheckError } from "./check.ts";

const cacheDir = ".cache/bench";

/** A module and what it took to build it. */
export interface Module {
  /** Where it lies. */
  file: string;
  binary: Uint8Array;
  /** What asc and the transform have printed. */
  report: string;
}

interface How {
  /** False: by plain asc, without the transform. */
  fibers?: boolean;
  /** Who runs it: JavaScript by default. */
  host?: "javascript" | "wasi";
}

/** Compiles a program, optimized for speed. */
export async function compileModule(source: string, { fibers = true, host = "javascript" }: How = {}): Promise<Module> {
  // Only here: the child processes that measure memory must not load a compiler.
  const { compile } = await import("as-fibers/compiler");
  const { binary, report } = await compile(source, { fibers, host });
  mkdirSync(cacheDir, { recursive: true });
  const kind = `${fibers ? "" : ".plain"}${host === "wasi" ? ".wasi" : ""}`;
  const file = path.join(cacheDir, `${path.basename(source, ".ts")}${kind}.wasm`);
  writeFileSync(file, binary);
  return { file, binary, report };
}

/** A program that runs. All its exports return numbers; negative ones say that it did not do its work. */
export class Guest {
  private constructor(readonly app: App) {}

  /** Compiles and loads bench/guests/`name`.ts. */
  static async compile(name: string): Promise<Guest> {
    const { file } = await compileModule(guestSource(name));
    return Guest.load(file);
  }

  /** Loads a module. */
  static async load(file: string): Promise<Guest> {
    return new Guest(await load(file));
  }

  /** Calls an export. @throws CheckError when it says that it did not do its work */
  async call(name: string, ...values: number[]): Promise<number> {
    const result = await this.app.exports[name]?.(...values);
    if (typeof result !== "number")
      throw new CheckError(`the guest's ${name} returned ${String(result)}, not a number`);
    if (result < 0) throw new CheckError(`the guest's ${name}(${values.join(", ")}) did not do its work`);
    return result;
  }

  close(): void {
    this.app.terminate();
  }
}

/** The source of a guest. */
export function guestSource(name: string): string {
  return `bench/guests/${name}.ts`;
}
