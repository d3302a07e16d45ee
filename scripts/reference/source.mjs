// @ts-check
/**
 * Reads what a source file exports, with its doc comments: AssemblyScript in assembly/, and the declarations of host/ in dist/types.
 *
 * Both are TypeScript in form, so the parser that prettier brings reads both; TypeScript 7 offers none.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parsers } from "prettier/plugins/typescript";
import { root } from "../setup.mjs";

/**
 * A node of the syntax tree, as far as it is asked for.
 * @typedef {{ type: string, range: [number, number], [field: string]: any }} Node
 * @typedef {{ file: string, text: string, body: Node[], comments: Node[] }} Source
 * @typedef {{ source: Source, statement: Node, node: Node }} Declaration
 */

/** @type {Map<string, Source>} */
const sources = new Map();

/** @param {string} file of the repository @returns {Source} */
export function readSource(file) {
  const known = sources.get(file);
  if (known) return known;
  const text = readFileSync(join(root, file), "utf8");
  // Before a function, decorators are AssemblyScript's alone. What else the file says stays where it is.
  const plain = text.replace(/^@\w+(\(.*\))?$/gm, (decorator) => " ".repeat(decorator.length));
  const tree = /** @type {{ body: Node[], comments: Node[] }} */ (
    parsers.typescript.parse(plain, /** @type {any} */ ({ filepath: file }))
  );
  const source = { file, text: plain, body: tree.body, comments: tree.comments };
  sources.set(file, source);
  return source;
}

/** The names that a file exports, in its order. @param {string} file */
export function exportedNames(file) {
  return readSource(file).body.flatMap((statement) => {
    if (statement.type !== "ExportNamedDeclaration") return [];
    const names = statement["specifiers"].map((/** @type {Node} */ { exported }) => exported.name);
    return statement["declaration"] ? [nameOf(statement["declaration"])] : names;
  });
}

/**
 * Where a name that a file exports is declared, in whatever file.
 * @param {string} file @param {string} name @returns {Declaration}
 */
export function findDeclaration(file, name) {
  const source = readSource(file);
  for (const statement of source.body) {
    const node = statement["declaration"] ?? statement;
    if (nameOf(node) === name) return { source, statement, node };
    const specifier = statement["specifiers"]?.find((/** @type {Node} */ { exported }) => exported?.name === name);
    const from = specifier && (statement["source"] ?? importOf(source, specifier.local.name));
    if (from) return findDeclaration(resolve(file, from.value), specifier.local.name);
  }
  throw new Error(`${file} does not declare ${name}`);
}

/** Whether a name is of this repository: declared in the file, or imported by a relative path. @param {Source} source @param {string} name */
export function isOwn(source, name) {
  const from = importOf(source, name)?.value;
  return from
    ? from.startsWith(".")
    : source.body.some((statement) => nameOf(statement["declaration"] ?? statement) === name);
}

/** What a file imports a name from. @param {Source} source @param {string} name */
function importOf({ body }, name) {
  const imports = body.filter(({ type }) => type === "ImportDeclaration");
  return imports.find(({ specifiers }) => specifiers.some((/** @type {Node} */ { local }) => local.name === name))?.[
    "source"
  ];
}

/** @param {Node} node */
function nameOf(node) {
  return node["id"]?.name ?? node["declarations"]?.[0].id.name;
}

/** The file that an import in another one means. @param {string} from @param {string} specifier */
function resolve(from, specifier) {
  const base = join(dirname(from), specifier).replaceAll("\\", "/").replace(/\.ts$/, "");
  const found = [`${base}.d.ts`, `${base}.ts`].find((file) => existsSync(join(root, file)));
  if (found) return found;
  throw new Error(`${from} imports ${specifier}, which is not there: "npm run build" writes the declarations`);
}

/** The text of the doc comment before a node, without its frame; empty when it has none. @param {Source} source @param {Node} node */
export function docComment({ text, comments }, node) {
  const comment = comments.findLast(({ range, value }) => {
    const between = text.slice(range[1], node.range[0]).replace(/^\s*\/\/.*$/gm, "");
    return range[1] <= node.range[0] && value.startsWith("*") && !between.trim();
  });
  const lines = comment?.["value"].slice(1).split("\n") ?? [];
  return lines
    .map((/** @type {string} */ line) => line.replace(/^\s*\* ?/, "").trimEnd())
    .join("\n")
    .trim();
}
