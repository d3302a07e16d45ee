// @ts-check
/** One exported name as the reference shows it: signature, description, members. */
import { docComment, exportedNames, findDeclaration, isOwn } from "./source.mjs";

/**
 * @typedef {import("./source.mjs").Node} Node
 * @typedef {import("./source.mjs").Source} Source
 * @typedef {{ text: string, tags: { tag: string, text: string }[] }} Doc
 * @typedef {{ signature: string, doc: Doc }} Member
 * @typedef {{ name: string, file: string, signature: string, doc: Doc, members: Member[] }} Entry
 */

/** What the library passes to itself: see assembly/site.ts. */
const HIDDEN_PARAMETER = "site";

/** @param {string} file that exports it @param {string} name @returns {Entry} */
export function readEntry(file, name) {
  const { source, statement, node } = findDeclaration(file, name);
  return {
    name,
    file: source.file.replace(/^dist\/types\/(.*)\.d\.ts$/, "host/$1.ts"),
    signature: signatureOf(source, node, name, exportedNames(file)),
    doc: parseDoc(docComment(source, statement)),
    members: membersOf(source, node),
  };
}

/** Splits a doc comment into its text and what its tags say. @param {string} comment @returns {Doc} */
function parseDoc(comment) {
  const [text = "", ...rest] = comment.split(/(?:^|\s+)@(?=(?:param|returns|throws|internal)\b)/);
  const tags = rest.map((part) => {
    const [, tag = "", said = ""] = /^(\w+)\s*(.*)$/s.exec(part) ?? [];
    return { tag, text: said.trim() };
  });
  return { text: text.trim(), tags };
}

/**
 * A base class that programs cannot import is not told.
 * @param {Source} source @param {Node} node @param {string} name @param {string[]} exported
 */
function signatureOf(source, node, name, exported) {
  const text = (/** @type {Node | undefined} */ part) => (part ? source.text.slice(...part.range) : "");
  const generics = text(node["typeParameters"]);
  switch (node.type) {
    case "FunctionDeclaration":
    case "TSDeclareFunction":
      return `function ${name}${callOf(source, node)}`;
    case "ClassDeclaration":
    case "TSInterfaceDeclaration": {
      const kind = node["abstract"] ? "abstract class" : node.type === "ClassDeclaration" ? "class" : "interface";
      const parent = text(node["superClass"]);
      const isTold = parent && (exported.includes(parent) || !isOwn(source, parent));
      const parents = isTold ? parent + text(node["superTypeArguments"]) : "";
      const others = [...(node["implements"] ?? []), ...(node["extends"] ?? [])].map(text).join(", ");
      const word = node["implements"]?.length ? "implements" : "extends";
      return `${kind} ${name}${generics}${parents && ` extends ${parents}`}${others && ` ${word} ${others}`}`;
    }
    case "TSEnumDeclaration":
      return `enum ${name}`;
    case "TSModuleDeclaration":
      return `namespace ${name}`;
    case "TSTypeAliasDeclaration":
      return `type ${name}${generics} = ${text(node["typeAnnotation"])}`;
    case "VariableDeclaration":
      return `const ${text(node["declarations"][0])}`;
    default:
      throw new Error(`${source.file}: the reference does not know how to show ${name}, a ${node.type}`);
  }
}

/** Type parameters, parameters and result of a function. @param {Source} source @param {Node} node */
function callOf(source, node) {
  const text = (/** @type {Node | undefined} */ part) => (part ? source.text.slice(...part.range) : "");
  const shown = node["params"].filter(isParameterShown);
  const parameters = shown.map((/** @type {Node} */ parameter) => text(parameter).replace(/^private /, ""));
  return `${text(node["typeParameters"])}(${parameters.join(", ")})${text(node["returnType"])}`;
}

/** The public members, in their order. @param {Source} source @param {Node} node @returns {Member[]} */
function membersOf(source, node) {
  if (!/^(Class|TSInterface|TSEnum)Declaration$/.test(node.type)) return [];
  const { body, members } = node["body"];
  /** @type {Node[]} */
  const nodes = Array.isArray(body) ? body : (members ?? []);
  const setters = new Set(nodes.filter(({ kind }) => kind === "set").map(({ key }) => key.name));
  const given = nodes.flatMap(({ kind, value }) => (kind === "constructor" ? value.params : []));
  const fields = given.filter(
    ({ type, accessibility }) => type === "TSParameterProperty" && accessibility !== "private",
  );
  return [...fields, ...nodes.filter(isShown)].flatMap((member) => {
    const doc = parseDoc(docComment(source, member));
    const isEmpty = member["kind"] === "constructor" && !member["value"].params.some(isParameterShown);
    if (isEmpty || doc.tags.some(({ tag }) => tag === "internal")) return [];
    const signature = memberSignature(source, member, node, setters).replaceAll(/\s+/g, " ");
    return [{ signature, doc }];
  });
}

/** @param {Node} parameter */
function isParameterShown({ type, left, name }) {
  return type === "TSParameterProperty" || (left?.name ?? name) !== HIDDEN_PARAMETER;
}

/** @param {Node} member */
function isShown({ accessibility, key, kind, declaration, id }) {
  const name = key?.name ?? declaration?.declarations?.[0].id.name ?? id?.name ?? "";
  const isHidden = accessibility === "private" || accessibility === "protected" || key?.type === "PrivateIdentifier";
  return !isHidden && !name.startsWith("__") && kind !== "set";
}

/** @param {Source} source @param {Node} member @param {Node} owner @param {Set<string>} setters */
function memberSignature(source, member, owner, setters) {
  const text = (/** @type {Node | undefined} */ part) => (part ? source.text.slice(...part.range) : "");
  if (member.type === "TSParameterProperty") return text(member);
  if (member.type === "TSEnumMember") return `${owner["id"].name}.${text(member["id"])}`;
  if (member.type === "TSCallSignatureDeclaration") return callOf(source, member);
  const key = member["computed"] ? `[${text(member["key"])}]` : text(member["key"]);
  const prefix = member["static"] ? "static " : "";
  const optional = member["optional"] ? "?" : "";
  const call = member["value"]?.params ? member["value"] : member;
  if (member["kind"] === "constructor")
    return `new ${owner["id"].name}${text(owner["typeParameters"])}${callOf(source, call)}`;
  if (member["kind"] === "get") {
    return `${prefix}${setters.has(member["key"].name) ? "" : "readonly "}${key}${text(call["returnType"])}`;
  }
  if (call["params"]) return `${prefix}${key}${optional}${callOf(source, call)}`;
  return `${prefix}${member["readonly"] ? "readonly " : ""}${key}${optional}${text(member["typeAnnotation"])}`;
}
