/**
 * \@wasmer/wasi as the base: a file system in memory. A preopened directory is a copy of this machine's: what the program writes there
 * stays in memory, and is gone with it.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { FibersError } from "../errors.ts";
import type { Base, BaseOptions } from "./base.ts";
import type { Call } from "./node-wasi.ts";

/** A copy of more than this is refused. */
const LARGEST_COPY = 256 * 1024 * 1024;

/** After the root of its file system, which it opens by itself. */
const FIRST_PREOPEN = 4;

type Wasmer = typeof import("@wasmer/wasi");
type FileSystem = InstanceType<Wasmer["MemFS"]>;

/**
 * `(module (import "wasi_snapshot_preview1" "proc_exit" (func (param i32))) (memory (export "memory") 0))`: it wants to see the program's
 * module, to tell from its imports which WASI it speaks, and from its exports where the memory is. The program's own is not there yet.
 */
const PROBE = Buffer.from(
  "0061736d0100000001050160017f0002240116776173695f736e617073686f745f7072657669657731" +
    "0970726f635f6578697400000503010000070a01066d656d6f72790200",
  "hex",
);

export async function newWasmerBase({ args, env, preopens }: BaseOptions): Promise<Base> {
  const { init, MemFS, WASI } = await importWasmer();
  await init();
  const fs = new MemFS();
  const folders = Object.entries(preopens).map(([name, source], i) => {
    copyFolder(source, `/${i}`, fs, { bytesLeft: LARGEST_COPY, folder: source });
    return [name, `/${i}`];
  });
  const wasi = new WASI({ args, env, preopens: Object.fromEntries(folders), fs });
  const imports = wasi.getImports(new WebAssembly.Module(PROBE)) as Record<string, Record<string, Call>>;
  return {
    calls: imports["wasi_snapshot_preview1"] as Record<string, Call>,
    hasThreadClock: false,
    firstPreopen: FIRST_PREOPEN,
    bind: (instance) => void wasi.instantiate(instance, {}),
  };
}

async function importWasmer(): Promise<Wasmer> {
  try {
    return await import("@wasmer/wasi");
  } catch (error) {
    const message = `the base "@wasmer/wasi" is not installed; "npm install @wasmer/wasi", or choose the base "node:wasi"`;
    throw new FibersError("E_NO_WASMER", message, { cause: error });
  }
}

/** Copies files and folders; what is neither is left out. */
function copyFolder(
  source: string,
  target: string,
  fs: FileSystem,
  limit: { bytesLeft: number; folder: string },
): void {
  fs.createDir(target);
  for (const name of readdirSync(source)) {
    const from = path.join(source, name);
    const stats = statSync(from, { throwIfNoEntry: false });
    if (stats?.isDirectory()) copyFolder(from, `${target}/${name}`, fs, limit);
    if (!stats?.isFile()) continue;
    limit.bytesLeft -= stats.size;
    if (limit.bytesLeft < 0) {
      const message = `"${limit.folder}" holds more than ${LARGEST_COPY} bytes, and the base "@wasmer/wasi" keeps a copy in memory; preopen a smaller directory, or choose the base "node:wasi"`;
      throw new FibersError("E_PREOPEN_TOO_LARGE", message);
    }
    const file = fs.open(`${target}/${name}`, { read: true, write: true, create: true });
    file.write(readFileSync(from));
    file.free();
  }
}
