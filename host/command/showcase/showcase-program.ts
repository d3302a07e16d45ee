/** `ShowcaseProgram`: an example, compiled; loaded anew for whatever is shown of it. */
import path from "node:path";
import { Writable } from "node:stream";
import type { App } from "../../app.ts";
import { compile, type Compiled } from "../../compile.ts";
import { nodeDriver } from "../../drivers/node.ts";
import { load } from "../../load.ts";
import { inBaseline } from "../baseline.ts";
import { compileOnce } from "../build-cache.ts";

export class ShowcaseProgram {
  /** The folder of its sources. */
  readonly folder: string;
  readonly #compiled: Compiled;

  private constructor(folder: string, compiled: Compiled) {
    this.folder = folder;
    this.#compiled = compiled;
  }

  /** Compiles it: "debug" is quick and names the exact line of a trap, "release" is for measuring. */
  static async compile(folder: string, file: string, target: "debug" | "release"): Promise<ShowcaseProgram> {
    const source = path.join(folder, file);
    const compiled = await compileOnce(source, { target }, (files) =>
      inBaseline(() => compile(source, { target }, files)),
    );
    return new ShowcaseProgram(folder, compiled);
  }

  /** A new instance. */
  async load(stdout: NodeJS.WritableStream = process.stdout): Promise<App> {
    const { binary, sourceMap } = this.#compiled;
    return load(binary, { sourceMap, driver: nodeDriver({ stdout }) });
  }

  /** The path of one of its sources. */
  sourceFile(name: string): string {
    return path.resolve(this.folder, name);
  }

  /** Runs an export in an instance of its own; the lines that it prints. */
  async output(name: string): Promise<string[]> {
    const { lines, error } = await this.outputAndError(name);
    if (error !== undefined) throw error;
    return lines;
  }

  /** The same for an export that may fail. */
  async outputAndError(name: string): Promise<{ lines: string[]; error: unknown }> {
    let text = "";
    const stdout = new Writable({
      write(chunk: Buffer, _encoding, done) {
        text += chunk.toString();
        done();
      },
    });
    const app = await this.load(stdout);
    let error: unknown;
    try {
      await app.exports[name]?.();
    } catch (failure) {
      error = failure;
    }
    await app.close();
    return { lines: text.split("\n").slice(0, -1), error };
  }
}
