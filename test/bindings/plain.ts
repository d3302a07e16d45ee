/** A program as the compiler alone makes it, with its own synchronous bindings: what ours are compared with. */
import path from "node:path";
import { readFile } from "node:fs/promises";
import { createMemoryStream, main } from "assemblyscript/asc";

export type SynchronousExports = Record<string, (...values: never[]) => unknown>;

/** Compiles a program of test/guests/bindings by plain asc, and instantiates it. */
export async function compilePlain(name: string): Promise<SynchronousExports> {
  const output = new Map<string, string | Uint8Array>();
  const stderr = createMemoryStream();
  const argv = [`${name}.ts`, "--outFile", "plain.wasm", "--debug", "--bindings", "raw", "--config", "none"];
  const { error } = await main([...argv, "--disableWarning", "235"], {
    stderr,
    readFile: (file) => readFile(path.join("test/guests/bindings", file), "utf8").catch(() => null),
    writeFile: (file, contents) => void output.set(file, contents),
    listFiles: () => [],
  });
  if (error) throw new Error(stderr.toString());
  const text = Buffer.from(String(output.get("plain.js"))).toString("base64");
  const { instantiate } = (await import(/* @vite-ignore */ `data:text/javascript;base64,${text}`)) as {
    instantiate(module: WebAssembly.Module, imports: WebAssembly.Imports): Promise<SynchronousExports>;
  };
  return instantiate(await WebAssembly.compile(output.get("plain.wasm") as BufferSource), { env: {} });
}
