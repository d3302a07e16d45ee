/** Builds programs that a test gives as text, by the transform's own sources, so that a test can change a step of it. */
import path from "node:path";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createMemoryStream, main } from "assemblyscript/asc";
import { SECTION_NAME, type SectionContent } from "../../host/section.ts";
import FibersTransform from "../../host/transform/index.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

export interface Built {
  module: WebAssembly.Module;
  binary: Uint8Array;
  sourceMap: string;
  /** What asc and the transform have printed. */
  report: string;
  /** Empty when the transform has been changed not to write it. */
  section: SectionContent;
}

export interface BuildOptions {
  /** Options for asc; an optimized build by default. */
  flags?: string[];
  transform?: typeof FibersTransform;
}

/**
 * Builds `index.ts`. Files are named relative to a folder of the repository, so `../assembly/index` is this library by a relative path.
 * @throws an error whose message is asc's report
 */
export async function build(
  files: string | Record<string, string>,
  { flags = ["-O3"], transform = FibersTransform }: BuildOptions = {},
): Promise<Built> {
  const sources = new Map(Object.entries(typeof files === "string" ? { "index.ts": files } : files));
  const baseDir = path.join(root, "planted");
  const output = new Map<string, string | Uint8Array>();
  const stderr = createMemoryStream();
  const { error } = await main(
    ["index.ts", "--outFile", "index.wasm", "--sourceMap", "--baseDir", baseDir, "--config", "none", ...flags],
    {
      stdout: createMemoryStream(),
      stderr,
      transforms: [transform as never],
      readFile: (name, from) => sources.get(name.replace(/^\.\//, "")) ?? readIfFile(path.resolve(from, name)),
      writeFile: (name, contents) => void output.set(name, contents),
      listFiles: () => [],
    },
  );
  const report = stderr.toString().trim();
  if (error) throw new Error(`${report}\n${error.message}`, { cause: error });
  const binary = output.get("index.wasm") as Uint8Array;
  const module = new WebAssembly.Module(binary as BufferSource);
  return { module, binary, sourceMap: String(output.get("index.wasm.map")), report, section: readSectionOf(module) };
}

function readSectionOf(module: WebAssembly.Module): SectionContent {
  const [bytes] = WebAssembly.Module.customSections(module, SECTION_NAME);
  return JSON.parse(bytes ? new TextDecoder().decode(bytes) : "{}") as SectionContent;
}

function readIfFile(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null;
  }
}
