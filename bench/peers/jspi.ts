/** Peer: JSPI, the engine's own way to let WebAssembly wait for a promise. Each call waits on a stack of its own. */
import { readFile } from "node:fs/promises";
import { CheckError } from "../check.ts";

interface Jspi {
  Suspending: new (called: (value: number) => Promise<number>) => WebAssembly.ImportValue;
  promising(exported: WebAssembly.ExportValue): (count: number) => Promise<number>;
}

/** Whether this engine has it. */
export const hasJspi = "Suspending" in WebAssembly;

/** The export `awaitAll` of bench/plain/calls.ts, whose import waits. */
export async function openJspi(
  file: string,
  promised: (value: number) => Promise<number>,
): Promise<(count: number) => Promise<number>> {
  if (!hasJspi) throw new CheckError("this engine has no JSPI");
  const { Suspending, promising } = WebAssembly as unknown as Jspi;
  const { instance } = await WebAssembly.instantiate(await readFile(file), {
    calls: { promised: new Suspending(promised) },
  });
  return promising(instance.exports["awaitAll"] as WebAssembly.ExportValue);
}
