/**
 * What the transform adds to the program's entry file: for every exported function, a function that starts it as a fiber and one
 * that takes its result; and the exports that the host calls. Written as AssemblyScript text, parsed by asc itself, and moved into
 * the entry file, where it can see the file's own names.
 */
import { BODY_PREFIX, GUEST_EXPORTS, startName, TAKE_PREFIX } from "../abi.ts";
import type { ExportDescription } from "../section.ts";
import { borrow, type Channels, type ChannelType, serve } from "./channels.ts";
import { CommonFlags, NodeKind } from "./compiler.ts";
import type { ExportStatement, FunctionDeclaration, ImportStatement, Source, Statement, TypeNode } from "./compiler.ts";
import { type GeneratedText, pathBetween } from "./generated-text.ts";

const SCALARS = new Set(["i8", "i16", "i32", "i64", "isize", "u8", "u16", "u32", "u64", "usize", "f32", "f64", "bool"]);

/** Whether a value of this AssemblyScript type can cross the border as a number, a bool or a string. */
export function isPlainType(type: string): boolean {
  return SCALARS.has(type) || type === "string";
}

/** The channels in a signature, by place. */
export interface SignatureChannels {
  parameters: (ChannelType | undefined)[];
  result: ChannelType | undefined;
}

/** None of it is a channel that crosses the border. */
export const NO_CHANNELS: SignatureChannels = { parameters: [], result: undefined };

/** An exported function of the entry file. */
export interface EntryFunction {
  description: ExportDescription;
  declaration: FunctionDeclaration;
  /** Its name inside the entry file. */
  localName: string;
  /** For a function that is re-exported from another file: that file's path as written, and its name there. */
  origin: { path: string; name: string } | null;
  channels: SignatureChannels;
}

/** The functions that an entry file exports, its own and those of other files, under the names that it exports them by. */
export function exportedFunctions(entry: Source, sources: Source[]): EntryFunction[] {
  const found = new Map<string, EntryFunction>();
  const add = (name: string, localName: string, path: string | null): void => {
    const origin = path ? { path, name: localName } : null;
    const declaration = findExported(entry, name, sources);
    if (!declaration || declaration.typeParameters?.length || found.has(name)) return;
    found.set(name, {
      description: describe(name, declaration),
      declaration,
      localName: origin ? `__fibers_imported_${name}` : localName,
      origin,
      channels: NO_CHANNELS,
    });
  };
  // What a file exports by name hides what it exports by `*`.
  for (const statement of entry.statements) {
    if (isFunction(statement) && statement.flags & CommonFlags.Export)
      add(statement.name.text, statement.name.text, null);
    if (!isExport(statement)) continue;
    for (const { exportedName, localName } of statement.members ?? []) {
      add(exportedName.text, localName.text, statement.path?.value ?? null);
    }
  }
  for (const statement of entry.statements) {
    if (!isExport(statement) || statement.members || !statement.path) continue;
    const from = resolve(statement.internalPath, sources);
    for (const name of from ? exportedNames(from, sources) : []) {
      add(name, name, statement.path.value);
    }
  }
  return [...found.values()];
}

/** The names that a file exports. */
function exportedNames(source: Source, sources: Source[], seen = new Set<Source>()): string[] {
  if (seen.has(source)) return [];
  seen.add(source);
  return source.statements.flatMap((statement) => {
    if (isFunction(statement)) return statement.flags & CommonFlags.Export ? [statement.name.text] : [];
    if (!isExport(statement)) return [];
    if (statement.members) return statement.members.map((member) => member.exportedName.text);
    const from = resolve(statement.internalPath, sources);
    return from ? exportedNames(from, sources, seen) : [];
  });
}

/** The function that a file exports by this name, wherever it is declared. */
function findExported(
  source: Source | undefined,
  name: string,
  sources: Source[],
  seen = new Set<Source>(),
): FunctionDeclaration | undefined {
  if (!source || seen.has(source)) return undefined;
  for (const statement of source.statements) {
    if (isFunction(statement) && statement.name.text === name && statement.flags & CommonFlags.Export) return statement;
    const member = isExport(statement) && statement.members?.find(({ exportedName }) => exportedName.text === name);
    if (!member) continue;
    return (statement as ExportStatement).path
      ? findExported(resolve((statement as ExportStatement).internalPath, sources), member.localName.text, sources)
      : findLocal(source, member.localName.text, sources);
  }
  seen.add(source);
  for (const statement of source.statements) {
    if (!isExport(statement) || statement.members) continue;
    const found = findExported(resolve(statement.internalPath, sources), name, sources, seen);
    if (found) return found;
  }
  return undefined;
}

/** The function that a file knows by this name: its own, or one that it imports. */
function findLocal(source: Source, name: string, sources: Source[]): FunctionDeclaration | undefined {
  for (const statement of source.statements) {
    if (isFunction(statement) && statement.name.text === name) return statement;
    const imported =
      isImport(statement) && statement.declarations?.find((declaration) => declaration.name.text === name);
    if (!imported) continue;
    return findExported(
      resolve((statement as ImportStatement).internalPath, sources),
      imported.foreignName.text,
      sources,
    );
  }
  return undefined;
}

/** The file at the path that an import names, which may be a folder with an index. */
function resolve(internalPath: string | null, sources: Source[]): Source | undefined {
  return (
    sources.find((source) => source.internalPath === internalPath) ??
    sources.find((source) => source.internalPath === `${internalPath}/index`)
  );
}

export function isFunction(statement: Statement): statement is FunctionDeclaration {
  return statement.kind === NodeKind.FunctionDeclaration;
}

function isExport(statement: Statement): statement is ExportStatement {
  return statement.kind === NodeKind.Export;
}

function isImport(statement: Statement): statement is ImportStatement {
  return statement.kind === NodeKind.Import;
}

/** What a loader needs to know of a function. */
export function describe(name: string, { signature }: FunctionDeclaration): ExportDescription {
  const parameters = signature.parameters.map((parameter) => ({
    name: parameter.name.text,
    type: parameter.type.range.toString(),
  }));
  const result = signature.returnType.range.toString() || "void";
  const firstOptional = signature.parameters.findIndex((parameter) => parameter.initializer !== null);
  return {
    name,
    parameters,
    required: firstOptional < 0 ? parameters.length : firstOptional,
    result,
    callable: parameters.every(({ type }) => isPlainType(type)) && (result === "void" || isPlainType(result)),
  };
}

/** Types that no field can hold: a function with one of them cannot be called as a fiber. */
const FIELDLESS = /^(v128|externref|funcref|anyref|eqref|structref|arrayref|i31ref|stringref|stringview_\w+|never)\b/;

/** The channels in the signature of a function. */
export function channelsOf({ signature, range }: FunctionDeclaration, channels: Channels): SignatureChannels {
  const find = (type: TypeNode) => channels.find(type, range.source);
  return { parameters: signature.parameters.map(({ type }) => find(type)), result: find(signature.returnType) };
}

/**
 * Adds to an entry file what makes its functions callable.
 * @param channels for a module with bindings: then functions of all types are callable, else those of plain ones
 */
export function generateEntry(
  entry: Source,
  functions: EntryFunction[],
  channels: Channels | undefined,
  added: GeneratedText,
): void {
  const guest = Object.entries(GUEST_EXPORTS).map(([name, exported]) => `${name} as ${exported}`);
  added.add(
    entry,
    [
      `import { initialize as __fibers_initialize } from "as-fibers/assembly/exports";`,
      `export { ${guest.join(", ")} } from "as-fibers/assembly/exports";`,
      `__fibers_initialize();`,
    ].join("\n"),
  );
  const imported = new Set<Source>();
  for (const one of functions) {
    const { callable } = one.description;
    if (!callable && !(channels && canBeBound(one.description))) continue;
    if (channels) one.channels = channelsOf(one.declaration, channels);
    // A file knows the types of its own functions. Plain types are known everywhere.
    const home = callable ? entry : one.declaration.range.source;
    if (!imported.has(home)) added.add(home, CALL_IMPORTS);
    imported.add(home);
    added.add(home, wrap(home === entry ? one : { ...one, localName: one.declaration.name.text, origin: null }));
    if (home !== entry) added.add(entry, passOn(entry, home, one));
  }
}

const CALL_IMPORTS = `import { startCall as __fibers_start, startVoidCall as __fibers_start_void, takeResult as __fibers_take } from "as-fibers/assembly/calls";`;

function canBeBound({ parameters, result }: ExportDescription): boolean {
  return ![...parameters.map(({ type }) => type), result].some((type) => FIELDLESS.test(type));
}

/** What exports from the entry file how another file's function is called. */
function passOn(entry: Source, home: Source, { description, channels }: EntryFunction): string {
  const names = argumentCounts(description).map((count) => startName(description, count));
  if (description.result !== "void" && !channels.result) names.push(TAKE_PREFIX + description.name);
  return `export { ${names.join(", ")} } from ${JSON.stringify(pathBetween(entry, home))};`;
}

/** With how many arguments a function can be called. */
function argumentCounts({ required, parameters }: ExportDescription): number[] {
  return Array.from({ length: parameters.length - required + 1 }, (_, i) => required + i);
}

/**
 * One exported function. For each number of arguments that it takes,
 *
 *   class Arguments { a0; a1 … }           one object, since a fiber takes one argument
 *   function body(a: Arguments): R         runs as the fiber; arguments that are missing get their initializers in the call itself
 *   export function start(a0, a1 …)        called by the host
 *
 * and once
 *
 *   export function take(call): R
 *
 * A channel is the number of a stream to the host. A function that returns one gives it to the host itself, in the fiber.
 */
function wrap(entry: EntryFunction): string {
  const { name, parameters } = entry.description;
  const { channels } = entry;
  const result = channels.result ? "void" : entry.description.result;
  const isVoid = result === "void";
  const lines = importOf(entry);
  for (const count of argumentCounts(entry.description)) {
    const suffix = count < parameters.length ? `$${count}` : "";
    const holder = `__fibers_arguments_${name}${suffix}`;
    const body = BODY_PREFIX + name + suffix;
    const starter = isVoid ? `__fibers_start_void<${holder}>` : `__fibers_start<${holder}, ${result}>`;
    // Not their own names: a parameter would hide a function of that name.
    const fields = parameters.slice(0, count).map((parameter, i) => {
      const channel = channels.parameters[i];
      const value = `__fibers_a.a${i}`;
      const argument = channel ? borrow(channel, value, `${parameter.name} of ${name}`) : value;
      return { field: `a${i}`, typed: `a${i}: ${channel ? "u32" : parameter.type}`, argument };
    });
    const typed = fields.map((field) => field.typed).join(", ");
    const call = `${entry.localName}(${fields.map(({ argument }) => argument).join(", ")})`;
    const run = channels.result ? serve(channels.result, call) : `${isVoid ? "" : "return "}${call};`;
    lines.push(
      `class ${holder} { constructor(${fields.map((field) => `public ${field.typed}`).join(", ")}) {} }`,
      `function ${body}(__fibers_a: ${holder}): ${result} { ${run} }`,
      `export function ${startName(entry.description, count)}(${typed}): u32 { return ${starter}(${body}, new ${holder}(${fields.map(({ field }) => field).join(", ")}), "${name}"); }`,
    );
  }
  if (!isVoid) {
    lines.push(
      `export function ${TAKE_PREFIX}${name}(call: u32): ${result} { return __fibers_take<${result}>(call); }`,
    );
  }
  return lines.join("\n");
}

/** Calls of a function with as many arguments as there are: initializers stand in for those that are missing. */
export function callsByCount(
  { description: { parameters, required }, localName }: EntryFunction,
  count: string,
  argument: (index: number) => string,
  give: (call: string) => string,
): string {
  const calls = [];
  for (let given = required; given <= parameters.length; given++) {
    const list = parameters.slice(0, given).map((_, i) => argument(i));
    const condition = given < parameters.length ? `if (${count} == ${given}) ` : "";
    calls.push(`${condition}${give(`${localName}(${list.join(", ")})`)}`);
  }
  return calls.join(" ");
}

/** What the entry file must import to know a function that it only passes on. */
export function importOf({ origin, localName }: EntryFunction): string[] {
  return origin ? [`import { ${origin.name} as ${localName} } from ${JSON.stringify(origin.path)};`] : [];
}
