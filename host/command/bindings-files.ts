/** Writes what `as-fibers build` makes for JavaScript: the module, its source map, the .js file to import, and its types. */
import { existsSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { writeDeclarations } from "../bindings/declarations.ts";
import { writeJavascript } from "../bindings/javascript.ts";
import type { Compiled } from "../compile.ts";
import { FibersError } from "../errors.ts";

export interface BindingsOutput {
  /** The program's file. */
  source: string;
  /** Where the files go: a path without ending. */
  base: string;
  /** The file that exports what the program imports; undefined: none. */
  imports: string | undefined;
}

/** Writes them. @throws E_NAME_TAKEN, E_NOT_WRITTEN */
export async function writeBindings({ binary, sourceMap, bindings }: Compiled, output: BindingsOutput): Promise<void> {
  if (!bindings) throw new Error("as-fibers: a program was compiled without the bindings that it needs");
  const { source, base, imports } = output;
  const name = path.basename(base);
  const javascript = writeJavascript(bindings, {
    source: path.basename(source),
    module: `${name}.wasm`,
    imports: imports === undefined ? undefined : specifierOf(path.relative(path.dirname(base), imports)),
  });
  await writeAll({
    [`${base}.wasm`]: binary,
    [`${base}.wasm.map`]: sourceMap,
    [`${base}.js`]: javascript,
    [`${base}.d.ts`]: writeDeclarations(bindings, path.basename(source)),
  });
}

/** Why Node cannot import what was written as what it is, an ES module; null when nothing says otherwise. */
export function findWrongType(base: string): string | null {
  for (let folder = path.dirname(path.resolve(base)); ; folder = path.dirname(folder)) {
    const file = path.join(folder, "package.json");
    if (existsSync(file)) {
      const { type } = JSON.parse(readFileSync(file, "utf8")) as { type?: unknown };
      if (type !== "commonjs") return null;
      const shown = path.relative(process.cwd(), file);
      return `${base}.js is an ES module, and ${shown} says "type": "commonjs", by which Node refuses it: let it say "type": "module"`;
    }
    if (folder === path.dirname(folder)) return null;
  }
}

/** A path, as an import names it. */
function specifierOf(file: string): string {
  const posix = file.split(path.sep).join("/");
  return posix.startsWith(".") ? posix : `./${posix}`;
}

/** Writes files, and the folders that they are in. @throws E_NOT_WRITTEN */
export async function writeAll(files: Record<string, string | Uint8Array>): Promise<void> {
  for (const [file, content] of Object.entries(files)) {
    try {
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, content);
    } catch (error) {
      throw new FibersError("E_NOT_WRITTEN", `cannot write ${file}: ${(error as Error).message}`, { cause: error });
    }
  }
}
