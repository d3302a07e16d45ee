// @ts-check
/**
 * Writes docs/reference/ from the doc comments of what programs can import. Needs the declarations of host/: "npm run build" writes them.
 *
 *     node scripts/reference.mjs
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { readEntry } from "./reference/entry.mjs";
import { PAGES } from "./reference/pages.mjs";
import { exportedNames } from "./reference/source.mjs";
import { root } from "./setup.mjs";

/**
 * @typedef {import("./reference/entry.mjs").Doc} Doc
 * @typedef {import("./reference/entry.mjs").Entry} Entry
 * @typedef {import("./reference/pages.mjs").Page} Page
 */

const GUEST = "assembly/index.ts";
const FOLDER = "docs/reference";

/** The text of every page, by its file. @returns {Map<string, string>} */
export function reference() {
  checkPages();
  const pages = PAGES.map((page) => ({ page, entries: entriesOf(page) }));
  const texts = new Map(pages.map(({ page, entries }) => [page.file, pageText(page, entries)]));
  return texts.set("README.md", indexText(pages));
}

/** What programs can import and that has no description, as `file: name`. */
export function undocumented() {
  return PAGES.flatMap(entriesOf).flatMap(({ file, name, doc, members }) => {
    const silent = members.filter((member) => !member.doc.text && !member.doc.tags.length);
    return [
      ...(doc.text ? [] : [`${file}: ${name}`]),
      ...silent.map(({ signature }) => `${file}: ${name}: ${signature}`),
    ];
  });
}

function checkPages() {
  const shown = PAGES.flatMap(({ names }) => names ?? []);
  const missing = exportedNames(GUEST).filter((name) => !shown.includes(name));
  if (missing.length) throw new Error(`scripts/reference/pages.mjs has no page for ${missing.join(", ")} of ${GUEST}`);
}

/** @param {Page} page */
function entriesOf({ names = [], entry, first = [] }) {
  const shown = entry ? [...new Set([...first, ...exportedNames(entry)])] : names;
  const entries = shown.map((name) => readEntry(entry ?? GUEST, name));
  return entries.filter(({ doc }) => !doc.tags.some(({ tag }) => tag === "internal"));
}

/** @param {Page} page @param {Entry[]} entries */
function pageText({ title, entry, intro }, entries) {
  const language = entry ? "JavaScript" : "AssemblyScript";
  const source = `\`import { … } from "${entry ? title : "as-fibers/assembly"}"\`, in ${language}`;
  return `# Reference: ${title}

${source}. ${intro}
[All names](README.md).

${entries.map(entryText).join("\n")}`;
}

/** @param {Entry} entry */
function entryText({ name, file, signature, doc, members }) {
  const described = members.flatMap((member) => [
    `- \`${member.signature}\``,
    "",
    ...docLines(member.doc).map((line) => line && `  ${line}`),
  ]);
  const head = [`## ${name}`, "", "```ts fragment", signature, "```", "", ...docLines(doc)];
  return [...head, ...described, `In [${file}](../../${file}).`, ""].join("\n");
}

/** A description and its tags; ends with an empty line when there are any. @param {Doc} doc */
function docLines({ text, tags }) {
  const described = tags.map(({ tag, text: said }) => {
    if (tag === "param") return said.replace(/^(\w+)\s+/, "`$1`: ");
    return tag === "throws" ? `Fails: ${said}` : `Returns ${said}`;
  });
  const items = described.map((said) => `- ${said.replaceAll(/\n\s*/g, "\n  ")}`);
  return [...(text ? [...text.split("\n"), ""] : []), ...(items.length ? [...items.join("\n").split("\n"), ""] : [])];
}

/** @param {{ page: Page, entries: Entry[] }[]} pages */
function indexText(pages) {
  const table = (/** @type {{ page: Page, entries: Entry[] }[]} */ some) =>
    some.map(({ page, entries }) => `| [${page.title}](${page.file}) | ${linksTo(page.file, entries).join(", ")} |`);
  return `# Reference

Everything that programs can import, as its doc comments describe it. Written by \`node scripts/reference.mjs\`. The
[guides](../README.md) show how it is used; [errors](../errors.md) says what each code means.

## In AssemblyScript

| | |
|---|---|
${table(pages.filter(({ page }) => page.names)).join("\n")}

## In JavaScript

| | |
|---|---|
${table(pages.filter(({ page }) => page.entry)).join("\n")}
`;
}

/** Links to headings, as GitHub makes them: it tells those that differ only in case by numbers. @param {string} file @param {Entry[]} entries */
function linksTo(file, entries) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  return entries.map(({ name }) => {
    const anchor = name.toLowerCase();
    const count = counts.get(anchor) ?? 0;
    counts.set(anchor, count + 1);
    return `[\`${name}\`](${file}#${anchor}${count ? `-${count}` : ""})`;
  });
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  rmSync(join(root, FOLDER), { recursive: true, force: true });
  mkdirSync(join(root, FOLDER), { recursive: true });
  const texts = reference();
  for (const [file, text] of texts) writeFileSync(join(root, FOLDER, file), text);
  console.log(`written: ${FOLDER}, ${texts.size} pages`);
  for (const name of undocumented()) console.log(`has no doc comment: ${name}`);
}
