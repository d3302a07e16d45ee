/** Where the compiler reads sources. */
import { readdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";

export interface SourceFiles {
  /** The text of a file; null when there is none. */
  read(file: string): Promise<string | null>;
  /** The names of the sources in a folder that was given by `--lib`; null when there is none. */
  list(folder: string): Promise<string[] | null>;
}

const packageRoot = path.dirname(createRequire(import.meta.url).resolve("as-fibers/package.json"));

/** The disk. The package "as-fibers" is this one, wherever the program lies. */
export const diskFiles: SourceFiles = {
  async read(file) {
    const parts = file.split(path.sep).join("/").split("/node_modules/as-fibers/");
    const actual = parts.length > 1 ? path.join(packageRoot, parts.at(-1) ?? "") : file;
    try {
      return await readFile(actual, "utf8");
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ENOENT" || code === "EISDIR" || code === "ENOTDIR") return null;
      throw error;
    }
  },

  async list(folder) {
    try {
      return (await readdir(folder)).filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts"));
    } catch {
      // asc says what it has not found there.
      return null;
    }
  },
};
