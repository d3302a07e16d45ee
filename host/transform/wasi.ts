/**
 * The transform for target `wasi`: the program carries its own driver over WASI preview 1, begins by `_start`, and imports nothing else. For
 * the rest it is the transform. Used by `"extends": "as-fibers/asconfig-wasi.json"`, and by the command.
 */
import { START_EXPORT } from "../abi.ts";
import type { SectionContent } from "../section.ts";
import { binaryen } from "./binaryen.ts";
import type { Module, Source } from "./compiler.ts";
import type { EntryFunction } from "./entry.ts";
import { GeneratedText } from "./generated-text.ts";
import FibersTransform, { LIVE_BYTES } from "./index.ts";
import type { Instrumented } from "./instrument.ts";
import { VerificationError } from "./verify.ts";
import {
  bindingExport,
  generateWasiEntry,
  LIVE_BYTES_FUNCTION_EXPORT,
  RUN_EXPORT,
  TRANSIENT_EXPORTS,
  type WasiLimits,
} from "./wasi-entry.ts";

/**
 * What unwinding can write at most on a host with a stack of 8 MiB, the usual one of native programs: 0.75 of it, as `engine-stack.ts` has
 * measured. A WASI host does not tell how large its stack is. The memory is never touched, unless a fiber suspends that deep.
 */
const RED_ZONE = 6 * 1024 * 1024;

const DEFAULT_STACK_LIMIT = 256 * 1024;

const WASI = "wasi_snapshot_preview1";

/** By what a WASI host begins a program. */
const START = "_start";

/** Compiled only when the program listens. */
const LISTENING = "~lib/as-fibers/assembly/tcp-listener/beginListen";

const ERRNO_NOTSUP = 58;

export default class WasiTransform extends FibersTransform {
  protected readonly limits: WasiLimits = { stackLimit: DEFAULT_STACK_LIMIT, redZone: RED_ZONE };

  protected override generate(entry: Source, functions: EntryFunction[]): GeneratedText {
    const added = new GeneratedText();
    added.add(entry, generateWasiEntry(functions, this.limits));
    return added;
  }

  protected override bind(module: Module): void {
    bindImports(module);
    provideLiveBytes(module);
    addStart(module);
    for (const name of TRANSIENT_EXPORTS) module.removeExport(name);
    module.removeExport(START_EXPORT);
  }

  protected override complete(module: Module, result: Instrumented, content: SectionContent): void {
    verifyImports(module);
    this.onEmit(module, result, content, () => {});
  }
}

/** The transform with another limit of the bytes that one fiber may save. */
export function wasiTransform(stackLimit: number = DEFAULT_STACK_LIMIT): typeof WasiTransform {
  return class extends WasiTransform {
    protected override readonly limits: WasiLimits = { stackLimit, redZone: RED_ZONE };
  };
}

interface ImportedFunction {
  name: string;
  params: number;
  results: number;
  /** As "module.name". */
  imported: string;
}

function importedFunctions(module: Module): ImportedFunction[] {
  const found: ImportedFunction[] = [];
  for (let i = 0; i < module.getNumFunctions(); i++) {
    const info = binaryen.getFunctionInfo(module.getFunctionByIndex(i));
    const { name, params, results } = info;
    if (info.module) found.push({ name, params, results, imported: `${info.module}.${info.base}` });
  }
  return found;
}

/** Replaces imports by calls of the program's own functions. Before anything is optimized: then nothing tells the two apart. */
function bindImports(module: Module): void {
  const listens = module.getFunction(LISTENING) !== 0;
  for (const { name, params, results, imported } of importedFunctions(module)) {
    const exported = bindingExport(imported);
    const isUnused = !listens && imported.startsWith(`${WASI}.sock_`);
    if (exported === undefined && !isUnused) continue;
    const values = binaryen.expandType(params).map((type, i) => module.local.get(i, type));
    // Many hosts have no sockets: a program that does not listen must not ask for them.
    const body =
      exported === undefined
        ? module.i32.const(ERRNO_NOTSUP)
        : module.call(exportedFunction(module, exported), values, results);
    module.removeFunction(name);
    module.addFunction(name, params, results, [], body);
  }
}

/** The internal name of an exported function. */
function exportedFunction(module: Module, name: string): string {
  return binaryen.getExportInfo(module.getExport(name)).value;
}

function provideLiveBytes(module: Module): void {
  const name = exportedFunction(module, LIVE_BYTES_FUNCTION_EXPORT);
  const total = LIVE_BYTES.find((global) => module.getGlobal(global));
  if (total === undefined) return;
  module.removeFunction(name);
  module.addFunction(name, binaryen.none, binaryen.i32, [], module.global.get(total, binaryen.i32));
}

/** `_start`: the top-level statements, then main as a fiber. */
function addStart(module: Module): void {
  const calls = [START_EXPORT, RUN_EXPORT].map((name) =>
    module.call(exportedFunction(module, name), [], binaryen.none),
  );
  module.addFunction(START, binaryen.none, binaryen.none, [], module.block(null, calls));
  module.addFunctionExport(START, START);
}

/** Checks that a WASI host can run it. */
function verifyImports(module: Module): void {
  const foreign = importedFunctions(module).find(({ imported }) => !imported.startsWith(`${WASI}.`));
  if (!foreign) return;
  throw new VerificationError(
    "E_FOREIGN_IMPORT",
    foreign.name,
    `the program imports ${foreign.imported}, which a WASI host does not have: leave it out, or build without --target wasi and give it by JavaScript`,
  );
}
