/** The files of a new project: those of the package's folder `template`, and a package.json for it. */
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import manifest from "../../package.json" with { type: "json" };

const packageFolder = path.dirname(createRequire(import.meta.url).resolve("as-fibers/package.json"));
const templateFolder = path.join(packageFolder, "template");

/** npm does not pack a file of the name on the right. */
const RENAMED: Record<string, string> = { gitignore: ".gitignore" };

/** By name, relative to the project's folder, with their texts. @param folder absolute */
export function projectFiles(folder: string): Map<string, string> {
  const files = new Map([["package.json", packageJson(folder)]]);
  for (const entry of readdirSync(templateFolder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    const name = path.relative(templateFolder, file);
    files.set(RENAMED[name] ?? name, readFileSync(file, "utf8"));
  }
  return files;
}

function packageJson(folder: string): string {
  const content = {
    name: packageName(folder),
    version: "0.1.0",
    private: true,
    type: "module",
    scripts: {
      start: "as-fibers run assembly/index.ts",
      dev: "as-fibers run --watch assembly/index.ts",
      build: "as-fibers build assembly/index.ts -o build/app",
      // Without a folder: Node 20 takes one as where to look, later ones as a file.
      test: "npm run build && node --test",
    },
    dependencies: { "as-fibers": librarySpecifier(folder) },
    devDependencies: { assemblyscript: manifest.devDependencies.assemblyscript },
  };
  return `${JSON.stringify(content, null, 2)}\n`;
}

/** The folder's name, as far as npm takes it. */
function packageName(folder: string): string {
  const name = path.basename(folder).toLowerCase();
  return name.replaceAll(/[^a-z0-9._-]+/g, "-").replace(/^[._-]+|-+$/g, "") || "app";
}

/** By version where npm has installed this package; where it is a clone, the clone. */
function librarySpecifier(folder: string): string {
  const isInstalled = path.basename(path.dirname(packageFolder)) === "node_modules";
  if (isInstalled) return `^${manifest.version}`;
  return `file:${path.relative(folder, packageFolder).split(path.sep).join("/")}`;
}
