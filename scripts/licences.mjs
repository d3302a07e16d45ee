// @ts-check
/**
 * Writes docs/licences.md from package-lock.json: the licences of what users get, and of what only developing needs.
 *
 *     node scripts/licences.mjs
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "./setup.mjs";

/**
 * @typedef {{ license?: string, os?: string[], link?: boolean, dependencies?: Record<string, string>,
 *   optionalDependencies?: Record<string, string> }} Locked
 */

/** What installs a package of ours, and how the document says that. */
const REASONS = /** @type {const} */ ({
  dependencies: "always",
  optionalDependencies: "unless left out (`npm install --omit=optional`)",
  peerDependencies: "by the project that uses as-fibers",
});

/** The document's text. */
export function licences() {
  const manifest = readJson("package.json");
  /** @type {Record<string, Locked>} */
  const locked = readJson("package-lock.json").packages;
  const used = new Map();
  for (const [field, reason] of Object.entries(REASONS)) {
    for (const name of Object.keys(manifest[field] ?? {})) collect(locked, `node_modules/${name}`, reason, used);
  }
  const rows = [...used].map(([path, reason]) => `| ${nameOf(path)} | ${licenceOf(locked, path)} | ${reason} |`);
  const others = Object.keys(locked).filter((path) => path && !used.has(path) && isListed(locked[path] ?? {}));
  const kinds = [...new Set(others.map((path) => licenceOf(locked, path)))].toSorted();
  const development = kinds.map((licence) => {
    const packages = others.filter((path) => licenceOf(locked, path) === licence);
    return `| ${licence} | ${names(packages)} |`;
  });
  return `# Licences

as-fibers has the [MIT licence](../LICENSE). This is what comes with it, as package-lock.json says; a package for one
platform has the licence of the package that it belongs to, and is not listed. Written by \`node scripts/licences.mjs\`.

## What users get

| package | licence | installed |
|---|---|---|
${rows.toSorted().join("\n")}

## What only developing needs

| licence | packages |
|---|---|
${development.join("\n")}
`;
}

/**
 * The packages that this one brings, itself included.
 *
 * @param {Record<string, Locked>} locked
 * @param {string} path
 * @param {string} reason
 * @param {Map<string, string>} found by path, with the first reason
 */
function collect(locked, path, reason, found) {
  const entry = locked[path];
  if (!entry || found.has(path) || !isListed(entry)) return;
  found.set(path, reason);
  for (const name of Object.keys({ ...entry.dependencies, ...entry.optionalDependencies })) {
    const own = `${path}/node_modules/${name}`;
    collect(locked, locked[own] ? own : `node_modules/${name}`, reason, found);
  }
}

/** Neither this package itself nor one for a single platform. @param {Locked} entry */
function isListed({ link, os }) {
  return !link && !os;
}

/**
 * @param {Record<string, Locked>} locked
 * @param {string} path
 */
function licenceOf(locked, path) {
  const licence = locked[path]?.license;
  if (licence === undefined) throw new Error(`package-lock.json does not say the licence of ${nameOf(path)}`);
  return licence;
}

/** @param {string} path */
function nameOf(path) {
  return path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
}

/** @param {string[]} paths */
function names(paths) {
  return [...new Set(paths.map(nameOf))].toSorted().join(", ");
}

/** @param {string} path */
function readJson(path) {
  return JSON.parse(readFileSync(join(root, path), "utf8"));
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  writeFileSync(join(root, "docs/licences.md"), licences());
  console.log("written: docs/licences.md");
}
