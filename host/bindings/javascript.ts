/** The .js file beside a module with bindings: what the compiler has written to lift and lower, and the names. */
import { FibersError } from "../errors.ts";
import type { Bindings } from "../transform/bindings.ts";

export interface JavascriptFile {
  /** The program's entry file, as it is named in the first line. */
  source: string;
  /** The module's file, relative to this one. */
  module: string;
  /** The file that exports what the program imports, relative to this one; undefined: none. */
  imports: string | undefined;
}

/** Names of the file's own. */
const OWN_NAMES = ["instantiate"];

/** The text of the file. @throws E_NAME_TAKEN when the program exports a name of the file's own */
export function writeJavascript(bindings: Bindings & { javascript: string }, file: JavascriptFile): string {
  const functions = bindings.functions.filter(({ shapes }) => shapes).map(({ name }) => name);
  const variables = [...bindings.variables, ...bindings.enums].map(({ name }) => name);
  const names = [...functions, ...variables];
  const taken = names.find((name) => OWN_NAMES.includes(name));
  if (taken !== undefined) {
    const message = `the program exports ${taken}, and so does the file beside the module: export it by another name, "export { ${taken} as … }"`;
    throw new FibersError("E_NAME_TAKEN", message);
  }
  const parts = [`  module: new URL(${JSON.stringify(`./${file.module}`)}, import.meta.url),`, `  connect,`];
  if (file.imports !== undefined) parts.push(`  imports: ${writeImports(bindings)},`);
  return [
    `// What ${file.source} exports. Made by as-fibers.`,
    `import { openBindings } from "as-fibers";`,
    ...(file.imports === undefined ? [] : [`import * as imported from ${JSON.stringify(file.imports)};`]),
    ``,
    `const bindings = await openBindings({\n${parts.join("\n")}\n});`,
    `export const instantiate = bindings.instantiate;`,
    ...names.map((name, i) => `const $${i} = bindings.exports[${JSON.stringify(name)}];`),
    names.length ? `export { ${names.map((name, i) => `$${i} as ${name}`).join(", ")} };` : "",
    ``,
    `// By the AssemblyScript compiler: how values are lifted out of the module's memory, and lowered into it.`,
    connectText(bindings.javascript),
  ].join("\n");
}

/** Every module that the program imports of is the one file: there is no other way to name it. */
function writeImports({ importedNames }: Bindings): string {
  const modules = Object.entries(importedNames).map(([module, names]) => {
    const values = names.map((name) => `${JSON.stringify(name)}: imported[${JSON.stringify(name)}]`);
    return `${JSON.stringify(module)}: { ${values.join(", ")} }`;
  });
  return `{ ${modules.join(", ")} }`;
}

/** What asc's function does differently here: it neither makes the instance nor runs it, and passes on nothing that is not the user's. */
const CHANGES: [from: string | RegExp, to: string][] = [
  ["export async function instantiate(module, imports = {}) {", "async function connect(imports, link) {"],
  ["await WebAssembly.instantiate(module, adaptedImports)", "await link(adaptedImports)"],
  ["  exports.__fibers_start();\n", ""],
  [/^ {2}const __module\d+ = imports(\.asyncify|\["as-fibers"\]);\n/gm, ""],
  [/^ {4}(asyncify|"as-fibers"): (__module\d+|Object\.setPrototypeOf\(\{\n[\s\S]*?\n {4}\}, __module\d+\)),\n/gm, ""],
];

/** asc's text, as `Connect`. */
function connectText(text: string): string {
  return CHANGES.reduce((changed, [from, to]) => {
    const result = changed.replace(from, () => to);
    if (result !== changed) return result;
    const message = `the bindings of this version of asc are of another form: ${String(from)} is not in them`;
    throw new FibersError("E_COMPILE", message);
  }, text);
}
