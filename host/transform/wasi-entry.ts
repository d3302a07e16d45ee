/**
 * What the transform adds to the entry file of a program for target `wasi`: the function that gives main its arguments, what `_start`
 * calls, and the functions that stand in for imports.
 */
import { callsByCount, type EntryFunction, importOf } from "./entry.ts";
import { VerificationError } from "./verify.ts";

/** The function that a program begins with. */
const MAIN = "main";

/** Exported only until the transform has found it: what `_start` calls behind the top-level statements. */
export const RUN_EXPORT = "__fibers_wasi_run";
/** Exported only until the transform has given it its body. */
export const LIVE_BYTES_FUNCTION_EXPORT = "__fibers_wasi_live_bytes";
/** Before the name of a function that stands in for an import: exported only until the transform has bound it. */
const BINDING_PREFIX = "__fibers_wasi_bind_";

/** What is imported when the program is compiled, as "module.name" → the file of `assembly/wasi/` and the function there that is called instead. */
const BINDINGS: Record<string, [file: string, name: string]> = {
  "as-fibers.now": ["clock", "now"],
  "as-fibers.submit": ["driver", "submit"],
  "as-fibers.trace": ["standard-library", "noteStackTrace"],
  "as-fibers.choose": ["standard-library", "choose"],
  "env.abort": ["standard-library", "abort"],
  "env.trace": ["standard-library", "trace"],
  "env.seed": ["standard-library", "seed"],
  "env.Date.now": ["clock", "dateNow"],
  "env.performance.now": ["clock", "performanceNow"],
  "env.console.log": ["standard-library", "logLine"],
  "env.console.info": ["standard-library", "logLine"],
  "env.console.debug": ["standard-library", "logLine"],
  "env.console.warn": ["standard-library", "logError"],
  "env.console.error": ["standard-library", "logError"],
};

/** The name under which the function that stands in for this import is exported; undefined when there is none. */
export function bindingExport(imported: string): string | undefined {
  const binding = BINDINGS[imported];
  return binding && BINDING_PREFIX + binding[1];
}

/** Each function that stands in once, by its name. */
const uniqueBindings = [...new Map(Object.values(BINDINGS).map((binding) => [binding[1], binding])).values()];

/** All names that are exported only for the transform. */
export const TRANSIENT_EXPORTS = [
  RUN_EXPORT,
  LIVE_BYTES_FUNCTION_EXPORT,
  ...uniqueBindings.map(([, name]) => BINDING_PREFIX + name),
];

export interface WasiLimits {
  /** The most bytes of frames that one fiber may save when it suspends. */
  stackLimit: number;
  /** Bytes behind them, see `assembly/context.ts`. */
  redZone: number;
}

/**
 * The AssemblyScript text to add to an entry file.
 * @throws VerificationError when there is no main that a command line can call
 */
export function generateWasiEntry(functions: EntryFunction[], { stackLimit, redZone }: WasiLimits): string {
  const main = findMain(functions);
  return [
    `import { initialize as __fibers_initialize } from "as-fibers/assembly/exports";`,
    `import { args as __fibers_args } from "as-fibers/assembly/args";`,
    `import { readArgs as __fibers_read_args } from "as-fibers/assembly/wasi/environment";`,
    `import { runProgram as __fibers_run_program } from "as-fibers/assembly/wasi/start";`,
    `import { checkCount as __fibers_check_count, readWord as __fibers_read_word, printResult as __fibers_print_result } from "as-fibers/assembly/wasi/main-arguments";`,
    `export { liveBytes as ${LIVE_BYTES_FUNCTION_EXPORT} } from "as-fibers/assembly/wasi/start";`,
    ...uniqueBindings.map(
      ([file, name]) => `export { ${name} as ${BINDING_PREFIX}${name} } from "as-fibers/assembly/wasi/${file}";`,
    ),
    `__fibers_initialize();`,
    `__fibers_read_args();`,
    ...importOf(main),
    callMain(main),
    `export function ${RUN_EXPORT}(): void { __fibers_run_program(__fibers_main, ${stackLimit}, ${redZone}); }`,
  ].join("\n");
}

function findMain(functions: EntryFunction[]): EntryFunction {
  const main = functions.find(({ description }) => description.name === MAIN);
  if (!main) {
    const message = `the entry file exports no function main: "export function main(): void { … }" is where a program begins`;
    throw new VerificationError("E_NO_MAIN", MAIN, message);
  }
  if (!main.description.callable) {
    const message = `the program declares ${signatureOf(main)}: from a command line, main can only take numbers, bool and string, and return one of them or nothing`;
    throw new VerificationError("E_UNSUPPORTED_TYPE", MAIN, message);
  }
  return main;
}

function signatureOf({ description: { name, parameters, required, result } }: EntryFunction): string {
  const list = parameters.map((p, i) => `${p.name}${i < required ? "" : "?"}: ${p.type}`);
  return `${name}(${list.join(", ")}): ${result}`;
}

/** The body of the main fiber. */
function callMain(main: EntryFunction): string {
  const { parameters, required, result } = main.description;
  const signature = JSON.stringify(signatureOf(main));
  const words = "__fibers_words";
  const read = (i: number) => {
    const { name, type } = parameters[i] as { name: string; type: string };
    return `__fibers_read_word<${type}>(${words}[${i}], ${JSON.stringify(name)}, ${signature})`;
  };
  const give = (call: string) =>
    result === "void" ? `{ ${call}; return; }` : `{ __fibers_print_result<${result}>(${call}); return; }`;
  return [
    `function __fibers_main(): void {`,
    `const ${words} = __fibers_args();`,
    // A program whose main takes nothing reads the words itself.
    parameters.length ? `__fibers_check_count(${words}, ${required}, ${parameters.length}, ${signature});` : "",
    callsByCount(main, `${words}.length`, read, give),
    `}`,
  ].join(" ");
}
