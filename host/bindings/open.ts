/** `openBindings`: what the .js file beside a module consists of, apart from its names. */
import type { App } from "../app.ts";
import { FibersError } from "../errors.ts";
import { isChannel } from "./shape.ts";
import { failedStream } from "./stream.ts";
import { type Connect, missingImports } from "../imports.ts";
import { readSection, type SectionContent } from "../section.ts";
import { compile, type LoadOptions, type ModuleSource, open } from "../load.ts";

export interface BindingsParts {
  /** The module's file. */
  module: ModuleSource;
  /** What the compiler has written to lift and lower its values. */
  connect: unknown;
  /** What the module imports, by module and name: those that no `instantiate` is given. */
  imports?: WebAssembly.Imports;
}

export interface OpenedBindings {
  /** Makes an instance of its own. */
  instantiate(options?: LoadOptions): Promise<App>;
  /** The functions and variables of the shared instance. */
  exports: Record<string, unknown>;
}

/**
 * Opens a module that was built with bindings, and starts the instance that all who import it share: at once, so that its variables can be
 * read, and what its top-level statements throw reaches whoever imports it. When it imports what nobody has given, it is not started:
 * only `instantiate` can, and the shared functions reject with E_MISSING_IMPORT.
 * @internal The generated files call it.
 */
export async function openBindings(parts: BindingsParts): Promise<OpenedBindings> {
  const module = await compile(parts.module);
  const connect = parts.connect as Connect;
  const instantiate = async (options: LoadOptions = {}): Promise<App> => {
    const imports = mergeImports(parts.imports ?? {}, options.imports ?? {});
    return open(parts.module, module, { ...options, imports }, connect);
  };
  const missing = missingImports(module, parts.imports ?? {});
  const exports = missing.length ? refusing(readSection(module), missing) : (await instantiate()).exports;
  return { instantiate, exports };
}

/** Those that are given by name go before those that the build has named. */
function mergeImports(built: WebAssembly.Imports, given: WebAssembly.Imports): WebAssembly.Imports {
  const merged: WebAssembly.Imports = { ...built };
  for (const [module, values] of Object.entries(given)) merged[module] = { ...built[module], ...values };
  return merged;
}

/** Functions and variables that say what is missing. */
function refusing({ exports, variables = [] }: SectionContent, missing: string[]): Record<string, unknown> {
  const message = `the module imports ${missing.join(", ")}: build it with --imports and the file that exports them, or give them to instantiate({ imports: { … } })`;
  const refusal = () => new FibersError("E_MISSING_IMPORT", message);
  const refused: Record<string, unknown> = {};
  for (const { name, shapes } of exports) {
    const result = shapes?.result;
    refused[name] = isChannel(result) ? () => failedStream(result, refusal()) : () => Promise.reject(refusal());
  }
  for (const name of variables) {
    refused[name] = {
      get value(): never {
        throw refusal();
      },
    };
  }
  return refused;
}
