/**
 * Reads a module's text format as far as the verification needs it: which function calls which, and which may be called
 * indirectly. Text, because Binaryen's JavaScript interface has no walker over expressions.
 */

export interface FunctionText {
  name: string;
  /** Names of the functions that it calls directly. */
  calls: Set<string>;
  /** The types by which it calls indirectly. */
  indirect: Set<string>;
  /** The type by which it can be called indirectly, parameters and result as written. */
  type: string;
  hasLoop: boolean;
  /** Whether it asks for Asyncify's state, as what is instrumented does. */
  asksForState: boolean;
}

export interface ModuleText {
  /** Imported functions: internal name → "module.name". */
  imports: Map<string, string>;
  functions: Map<string, FunctionText>;
  /** Functions that stand in a table. */
  table: Set<string>;
  /** The constant address that start_unwind is called with; null when it is not called, or not with a constant. */
  saveRecord: number | null;
}

const NAME = String.raw`\$(?:"((?:[^"\\]|\\.)*)"|([^\s()"]+))`;

/** Parses the output of Binaryen's `emitText`. */
export function parseModuleText(emitted: string): ModuleText {
  // With a source map, positions stand between the instructions as comments.
  const text = emitted.replace(/^\s*;;@.*\n/gm, "");
  const module: ModuleText = { imports: new Map(), functions: new Map(), table: new Set(), saveRecord: null };
  const types = new Map<string, string>();
  for (const item of topLevelItems(text)) {
    if (item.startsWith("(type ")) {
      const match = new RegExp(`^\\(type ${NAME} \\(func(.*)\\)\\)\\s*$`, "s").exec(item);
      if (match) types.set(pick(match), normalize(match[3] ?? ""));
    } else if (item.startsWith("(import ")) {
      const match = new RegExp(`^\\(import "([^"]*)" "([^"]*)" \\(func ${NAME}`).exec(item);
      if (match) module.imports.set(pick(match, 3), `${match[1]}.${match[2]}`);
    } else if (item.startsWith("(elem ")) {
      for (const match of item.slice(item.indexOf(")") + 1).matchAll(new RegExp(NAME, "g")))
        module.table.add(pick(match));
    } else if (item.startsWith("(func ")) {
      const parsed = parseFunction(item, types);
      module.functions.set(parsed.name, parsed);
    }
  }
  module.saveRecord = findSaveRecord(text, module.imports);
  return module;
}

/** The items of the module, one indented by a single space per line start. */
function* topLevelItems(text: string): Generator<string> {
  let start = -1;
  for (const match of text.matchAll(/^ \(/gm)) {
    if (start >= 0) yield text.slice(start, match.index).trimEnd();
    start = match.index + 1;
  }
  if (start >= 0) yield text.slice(start, text.lastIndexOf(")")).trimEnd();
}

function findSaveRecord(text: string, imports: Map<string, string>): number | null {
  const start = [...imports].find(([, from]) => from === "asyncify.start_unwind")?.[0];
  if (!start) return null;
  const match = new RegExp(
    `\\(call \\$"?${start.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}"?\\s+\\(i32\\.const (\\d+)\\)`,
  ).exec(text);
  return match ? Number(match[1]) : null;
}

function parseFunction(item: string, types: Map<string, string>): FunctionText {
  const header = item.slice(0, item.includes("\n") ? item.indexOf("\n") : item.length);
  const name = pick(required(new RegExp(`^\\(func ${NAME}`).exec(item), header));
  const calls = new Set<string>();
  for (const match of item.matchAll(new RegExp(`\\(call ${NAME}`, "g"))) calls.add(pick(match));
  const indirect = new Set<string>();
  for (const match of item.matchAll(new RegExp(`\\(call_indirect (?:${NAME} )?\\(type ${NAME}\\)`, "g"))) {
    const type = pick(match, 3);
    indirect.add(required(types.get(type), `the type ${type} of an indirect call`));
  }
  if (item.includes("(call_indirect ") && !indirect.size) required(null, `an indirect call in ${name}`);
  const parts = [...header.matchAll(/\((?:param|result)[^()]*\)/g)].map((match) => match[0]);
  const type = normalize(parts.join(" ").replace(new RegExp(`\\(param ${NAME} `, "g"), "(param "));
  return {
    name,
    calls,
    indirect,
    type,
    hasLoop: item.includes("(loop "),
    asksForState: item.includes("(global.get $__asyncify_state)"),
  };
}

/** One spelling for a signature: parameters and results as flat lists. */
function normalize(signature: string): string {
  const parameters = [...signature.matchAll(/\(param ([^()]*)\)/g)].flatMap((match) =>
    (match[1] ?? "").trim().split(/\s+/),
  );
  const results = [...signature.matchAll(/\(result ([^()]*)\)/g)].flatMap((match) =>
    (match[1] ?? "").trim().split(/\s+/),
  );
  return `(${parameters.join(" ")}) -> (${results.join(" ")})`;
}

function pick(match: RegExpMatchArray, group = 1): string {
  return (match[group] ?? match[group + 1] ?? "").replace(/\\([0-9a-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

/** What was not understood must not pass for "does not suspend". */
function required<T>(found: T | null | undefined, what: string): T {
  if (found === null || found === undefined) throw new Error(`as-fibers: cannot read this of the module: ${what}`);
  return found;
}
