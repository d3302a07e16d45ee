/** `Program`: a module as tests run it again and again, and the checksum by which schedules know it. */
import { createHash } from "node:crypto";
import { readFile, access } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { FibersError } from "../errors.ts";
import type { ModuleSource } from "../load.ts";
import { readSection, SECTION_NAME, type SectionContent } from "../section.ts";

export interface Program {
  readonly module: WebAssembly.Module;
  readonly section: SectionContent;
  readonly sourceMap: string | null;
  /** Eight hexadecimal digits. By the second one, who has only a compiled module knows it, of which the bytes cannot be read. */
  readonly checksums: readonly string[];
}

/** Reads and compiles a module. @throws E_NO_MODULE, E_NOT_AS_FIBERS, E_ABI_MISMATCH */
export async function prepare(source: ModuleSource, sourceMap?: string): Promise<Program> {
  const bytes = source instanceof WebAssembly.Module ? null : await readBytes(source);
  const module = source instanceof WebAssembly.Module ? source : await compile(bytes as Uint8Array);
  const section = readSection(module);
  const checksums = [...(bytes ? [checksum(bytes)] : []), checksumOf(module)];
  return { module, section, checksums, sourceMap: sourceMap ?? (await readSourceMap(source, section)) };
}

async function readBytes(source: URL | string | Uint8Array | ArrayBuffer): Promise<Uint8Array> {
  if (source instanceof Uint8Array) return source;
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  try {
    return await readFile(source);
  } catch (error) {
    const message = `cannot read the module ${String(source)}: ${(error as Error).message}`;
    throw new FibersError("E_NO_MODULE", message, { cause: error });
  }
}

async function compile(bytes: Uint8Array): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(bytes as BufferSource);
  } catch (error) {
    const message = `this is not a WebAssembly module: ${(error as Error).message}`;
    throw new FibersError("E_NOT_AS_FIBERS", message, { cause: error });
  }
}

async function readSourceMap(source: ModuleSource, { sourceMap }: SectionContent): Promise<string | null> {
  if (!sourceMap || !(source instanceof URL || typeof source === "string")) return null;
  const path = source instanceof URL ? fileURLToPath(source) : source;
  const file = path.replace(/[^/\\]*$/, "") + sourceMap.replace(/^\.\//, "");
  // As for `load`, it is a convenience.
  return access(file).then(
    () => readFile(file, "utf8"),
    () => null,
  );
}

const CHECKSUMS = new WeakMap<WebAssembly.Module, string>();

/** Of its description. */
function checksumOf(module: WebAssembly.Module): string {
  let known = CHECKSUMS.get(module);
  if (known === undefined) {
    const described = WebAssembly.Module.customSections(module, SECTION_NAME)[0] as ArrayBuffer;
    CHECKSUMS.set(module, (known = checksum(new Uint8Array(described))));
  }
  return known;
}

function checksum(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex").slice(0, 8);
}
