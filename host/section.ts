/** The custom section `as-fibers`: what a module says about itself, written by the transform and read by every loader. */
import { ABI_VERSION } from "./abi.ts";
import type { Shape } from "./bindings/shape.ts";
import { FibersError } from "./errors.ts";

export const SECTION_NAME = "as-fibers";

export interface ExportDescription {
  name: string;
  /** AssemblyScript types, as written. */
  parameters: { name: string; type: string }[];
  /** How many arguments must be given; the others have initializers. */
  required: number;
  result: string;
  /** Whether all its types can cross the border without the bindings. */
  callable: boolean;
  /** The same types, resolved. Only in modules that were built with bindings. */
  shapes?: { parameters: Shape[]; result: Shape };
}

/** An import that JavaScript may serve with a promise. */
export interface ImportDescription extends ExportDescription {
  module: string;
  /** Whether it leaves a status in place of failing its fiber: its name in the program ends in `OrError`. */
  leavesStatus: boolean;
}

/** Everything in the section, as JSON. */
export interface SectionContent {
  abi: number;
  /** Version of the compiler. */
  compiler: string;
  /** Version of as-fibers. */
  library: string;
  runtime: "incremental" | "minimal" | "stub";
  exports: ExportDescription[];
  /** Imports that JavaScript may serve with a promise. The guest names them by their places in this list. */
  suspendingImports: ImportDescription[];
  /** The variables and enums that it exports. Only with bindings. */
  variables?: string[];
  /** The fields of the classes that cross the border as plain objects, by the names in shapes. Only with bindings. */
  records?: Record<string, Record<string, Shape>>;
  instrumented: { instrumented: number; functions: number };
  /** Bytes that saving all mutable globals takes. */
  globalsSize: number;
  /** Indices of allocator, collector and library. */
  runtimeFunctions: number[];
  /** Indices of the allocator alone. */
  allocatorFunctions: number[];
  /** Names of the program's own functions, by index. */
  functionNames: Record<number, string>;
  /** Where those functions begin in the module, and the byte behind their ends. */
  functionRanges: Record<number, [begin: number, end: number]>;
  /** Bytes of the shadow stack, and the address below which its pointer says that it is exhausted. */
  stackSize: number;
  stackEnd: number;
  /** Name of the source map, relative to the module; null when it was built without one. */
  sourceMap: string | null;
  /** Where fibers are started, and objects made that they wait for, as `file:line:column`: the first is site 1. */
  sites: string[];
}

/**
 * Reads the section of a module.
 * @throws E_NOT_AS_FIBERS when it has none; E_ABI_MISMATCH when it was built with another version of the ABI
 */
export function readSection(module: WebAssembly.Module): SectionContent {
  let content = READ.get(module);
  if (!content) READ.set(module, (content = readAnew(module)));
  return content;
}

/** Who runs a module again and again does not read it each time. */
const READ = new WeakMap<WebAssembly.Module, SectionContent>();

function readAnew(module: WebAssembly.Module): SectionContent {
  const bytes = WebAssembly.Module.customSections(module, SECTION_NAME)[0];
  if (!bytes) {
    throw new FibersError(
      "E_NOT_AS_FIBERS",
      'this module was not built with as-fibers: add "extends": "as-fibers/asconfig.json" to its asconfig.json and build it again',
    );
  }
  const content = parse(new TextDecoder().decode(bytes));
  if (typeof content?.abi !== "number") {
    throw new FibersError(
      "E_NOT_AS_FIBERS",
      `the section ${SECTION_NAME} of this module cannot be read: build it again`,
    );
  }
  if (content.abi !== ABI_VERSION) {
    throw new FibersError(
      "E_ABI_MISMATCH",
      `this module was built with ABI ${content.abi} (as-fibers ${content.library}), and this is ABI ${ABI_VERSION}: build it again with this version`,
    );
  }
  return content;
}

/** Null when it is not even JSON. */
function parse(text: string): SectionContent | null {
  try {
    return JSON.parse(text) as SectionContent | null;
  } catch {
    return null;
  }
}
