/**
 * What the transform adds to the program's entry file: for every exported function, a function that starts it as a fiber and one
 * that takes its result; and the exports that the host calls. Written as AssemblyScript text, parsed by asc itself, and moved into
 * the entry file, where it can see the file's own names.
 */
import { GUEST_EXPORTS, START_PREFIX, TAKE_PREFIX } from "../abi.ts";
import type { ExportDescription } from "../section.ts";
import { CommonFlags, NodeKind } from "./compiler.ts";
import type { ExportStatement, FunctionDeclaration, Source, Statement } from "./compiler.ts";

const SCALARS = new Set(["i8", "i16", "i32", "i64", "isize", "u8", "u16", "u32", "u64", "usize", "f32", "f64", "bool"]);

/** Whether a value of this AssemblyScript type can cross the border as a number, a bool or a string. */
export function isPlainType(type: string): boolean {
  return SCALARS.has(type) || type === "string";
}

/** An exported function of the entry file. */
export interface EntryFunction {
  description: ExportDescription;
  /** Its name inside the file. */
  localName: string;
  /** Initializers of its last parameters, as written. */
  initializers: (string | null)[];
}

/** The functions that an entry file exports, under the names that it exports them by. */
export function exportedFunctions(source: Source): EntryFunction[] {
  const functions = new Map<string, FunctionDeclaration>();
  const exported = new Map<string, string>();
  for (const statement of source.statements) {
    if (isFunction(statement)) {
      functions.set(statement.name.text, statement);
      if (statement.flags & CommonFlags.Export) exported.set(statement.name.text, statement.name.text);
    } else if (isLocalExport(statement)) {
      for (const member of statement.members ?? []) exported.set(member.exportedName.text, member.localName.text);
    }
  }
  const found: EntryFunction[] = [];
  for (const [name, localName] of exported) {
    const declaration = functions.get(localName);
    if (declaration && !declaration.typeParameters?.length) found.push(describe(name, localName, declaration));
  }
  return found;
}

function isFunction(statement: Statement): statement is FunctionDeclaration {
  return statement.kind === NodeKind.FunctionDeclaration;
}

function isLocalExport(statement: Statement): statement is ExportStatement {
  return statement.kind === NodeKind.Export && !(statement as ExportStatement).path;
}

function describe(name: string, localName: string, declaration: FunctionDeclaration): EntryFunction {
  const { parameters, returnType } = declaration.signature;
  const types = parameters.map((parameter) => parameter.type.range.toString());
  const result = returnType.range.toString() || "void";
  const initializers = parameters.map((parameter) => parameter.initializer?.range.toString() ?? null);
  const firstOptional = initializers.findIndex((text) => text !== null);
  return {
    description: {
      name,
      parameters: parameters.map((parameter, i) => ({ name: parameter.name.text, type: types[i] ?? "" })),
      required: firstOptional < 0 ? parameters.length : firstOptional,
      result,
      callable: types.every(isPlainType) && (result === "void" || isPlainType(result)),
    },
    localName,
    initializers,
  };
}

/** The AssemblyScript text to add to an entry file. */
export function generateEntry(functions: EntryFunction[]): string {
  const guest = Object.entries(GUEST_EXPORTS).map(([name, exported]) => `${name} as ${exported}`);
  const lines = [
    `import { initialize as __fibers_initialize } from "as-fibers/assembly/exports";`,
    `import { startCall as __fibers_start, startVoidCall as __fibers_start_void, takeResult as __fibers_take } from "as-fibers/assembly/calls";`,
    `export { ${guest.join(", ")} } from "as-fibers/assembly/exports";`,
    `__fibers_initialize();`,
  ];
  for (const entry of functions) if (entry.description.callable) lines.push(...wrap(entry));
  return lines.join("\n");
}

/**
 * One exported function:
 *
 *   class Arguments { a0; a1 … }              one object, since a fiber takes one argument
 *   function body(a: Arguments): R            runs as the fiber
 *   export function start(count, a0, a1 …)    called by the host; missing arguments get their initializers here
 *   export function take(call): R
 */
function wrap({ description, localName, initializers }: EntryFunction): string[] {
  const { name, parameters, result, required } = description;
  const isVoid = result === "void";
  const fields = parameters.map((parameter, i) => `public a${i}: ${parameter.type}`);
  const values = parameters.map((_, i) => (i < required ? `a${i}` : `count > ${i} ? a${i} : (${initializers[i]})`));
  const call = `${localName}(${parameters.map((_, i) => `a.a${i}`).join(", ")})`;
  const start = isVoid ? `__fibers_start_void<Arguments>` : `__fibers_start<Arguments, ${result}>`;
  const lines = [
    `class Arguments { constructor(${fields.join(", ")}) {} }`,
    `function body(a: Arguments): ${result} { ${isVoid ? call : `return ${call}`}; }`,
    `export function ${START_PREFIX}${name}(${["count: i32", ...parameters.map((p, i) => `a${i}: ${p.type}`)].join(", ")}): u32 { return ${start}(body, new Arguments(${values.join(", ")}), "${name}"); }`,
  ];
  if (!isVoid) {
    lines.push(
      `export function ${TAKE_PREFIX}${name}(call: u32): ${result} { return __fibers_take<${result}>(call); }`,
    );
  }
  return lines.map((line) =>
    line.replace(/\bArguments\b/g, `__fibers_arguments_${name}`).replace(/\bbody\b/g, `__fibers_body_${name}`),
  );
}
