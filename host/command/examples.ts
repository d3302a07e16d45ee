/** The examples of the package: small programs to run and read. */
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

/** Their folder, wherever the package is installed. */
export const examplesFolder = path.join(
  path.dirname(createRequire(import.meta.url).resolve("as-fibers/package.json")),
  "examples",
);

export interface Example {
  name: string;
  file: string;
  /** The comment on its first line. */
  description: string;
}

/** All examples: the showcase first, the others by name. */
export function listExamples(): Example[] {
  const names = readdirSync(examplesFolder)
    .filter((file) => file.endsWith(".ts"))
    .map((file) => file.slice(0, -".ts".length));
  const others = names.filter((name) => name !== "showcase").toSorted();
  return ["showcase", ...others].map((name) => {
    const file = path.join(examplesFolder, `${name}.ts`);
    return { name, file, description: readDescription(file) };
  });
}

function readDescription(file: string): string {
  const [first = ""] = readFileSync(file, "utf8").split("\n", 1);
  return first.replace(/^\/\/\s*/, "");
}
