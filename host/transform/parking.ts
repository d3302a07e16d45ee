/**
 * Puts functions that park into the place of the WASI calls that wait, wherever a program or its libraries import them. Only for programs
 * that our JavaScript host serves: on a plain WASI host the program waits by these very calls.
 */
import { ADD_LISTENER_EXPORT } from "../abi.ts";
import { binaryen } from "./binaryen.ts";
import type { Module, Source } from "./compiler.ts";

const WASI = "wasi_snapshot_preview1";

/** The library's own imports, through which it calls the host. */
const OWN = "~lib/as-fibers/assembly/wasi/preview1/";

/** Function of preview 1 → the function of `assembly/wasi/parking.ts` that is called instead. */
const PARKING: Record<string, string> = {
  fd_close: "parkingFdClose",
  fd_fdstat_get: "parkingFdFdstatGet",
  fd_fdstat_set_flags: "parkingFdFdstatSetFlags",
  fd_read: "parkingFdRead",
  fd_write: "parkingFdWrite",
  poll_oneoff: "parkingPollOneoff",
  sock_accept: "parkingSockAccept",
  sock_recv: "parkingSockRecv",
  sock_send: "parkingSockSend",
  sock_shutdown: "parkingSockShutdown",
};

/** Under these names they are exported until the module is bound. */
const exportOf = (base: string) => `__fibers_parking_${base}`;

/** What is added to the entry file of a program that imports some of them; empty for others. */
export function generateParking(sources: Source[]): string {
  const isUsed = sources.some(
    ({ text }) => text.includes(WASI) && Object.keys(PARKING).some((base) => text.includes(base)),
  );
  if (!isUsed) return "";
  const names = Object.entries(PARKING).map(([base, name]) => `${name} as ${exportOf(base)}`);
  names.push(`addListener as ${ADD_LISTENER_EXPORT}`);
  return `export { ${names.join(", ")} } from "as-fibers/assembly/wasi/parking";`;
}

/** Replaces the imports. Before anything is optimized: then nothing tells the two apart. */
export function bindParking(module: Module): void {
  if (!module.getExport(exportOf("poll_oneoff"))) return;
  const bound = new Set<string>();
  for (let i = 0; i < module.getNumFunctions(); i++) {
    const info = binaryen.getFunctionInfo(module.getFunctionByIndex(i));
    const base = info.module === WASI ? (info.base ?? "") : "";
    const parking = base in PARKING && module.getExport(exportOf(base));
    if (!parking || info.name.startsWith(OWN)) continue;
    bound.add(base);
    const { value } = binaryen.getExportInfo(parking);
    const parameters = binaryen.expandType(info.params).map((type, index) => module.local.get(index, type));
    module.removeFunction(info.name);
    module.addFunction(info.name, info.params, info.results, [], module.call(value, parameters, info.results));
    // The functions have moved.
    i = -1;
  }
  for (const base of Object.keys(PARKING)) module.removeExport(exportOf(base));
  // Without it, nothing of a program can be connected to.
  if (!bound.has("sock_accept")) module.removeExport(ADD_LISTENER_EXPORT);
  // A program that is not optimized would import what it does not call.
  module.runPasses(["remove-unused-module-elements"]);
}
