/** `as-fibers init`: makes a project that builds, runs and tests at once. */
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { parseArgs } from "node:util";
import { FibersError } from "../errors.ts";
import { ExitCode } from "./exit-code.ts";
import { help } from "./help.ts";
import { type Palette, palette, wantsColour } from "./palette.ts";
import { projectFiles } from "./project.ts";
import { UsageError } from "./usage-error.ts";

/** Runs the command with the words behind "init"; the exit code. @throws UsageError; E_NOT_WRITTEN */
export async function init(words: string[]): Promise<number> {
  const { values, positionals } = parseInitOptions(words);
  const colours = palette(wantsColour(process.stdout));
  if (values.help) {
    process.stdout.write(help("init", colours));
    return ExitCode.OK;
  }
  const [folder = ".", ...others] = positionals;
  if (others.length) throw new UsageError("E_INVALID_ARGUMENT", "init takes one folder", "as-fibers init my-app");
  const files = projectFiles(path.resolve(folder));
  refuseOverwriting(folder, [...files.keys()]);
  for (const [name, text] of files) await write(path.join(folder, name), text);
  process.stdout.write(nextSteps(folder, colours));
  return ExitCode.OK;
}

/** Nothing is written when a file of the project is there already. @throws UsageError */
function refuseOverwriting(folder: string, names: string[]): void {
  const present = names.filter((name) => existsSync(path.join(folder, name)));
  if (!present.length) return;
  const place = path.resolve(folder) === process.cwd() ? "this folder" : folder;
  throw new UsageError(
    "E_FILES_EXIST",
    `${place} has ${present.join(", ")}, which init would overwrite`,
    'name a folder that is new or has none of them: "as-fibers init my-app"',
  );
}

async function write(file: string, text: string): Promise<void> {
  try {
    await mkdir(path.dirname(file), { recursive: true });
    // Not over a file that has come meanwhile either.
    await writeFile(file, text, { flag: "wx" });
  } catch (error) {
    throw new FibersError("E_NOT_WRITTEN", `cannot write ${file}: ${(error as Error).message}`, { cause: error });
  }
}

function nextSteps(folder: string, colours: Palette): string {
  const isHere = path.resolve(folder) === process.cwd();
  const goThere = isHere ? "" : `  cd ${/^[\w./-]+$/.test(folder) ? folder : JSON.stringify(folder)}\n`;
  return `the project is made${isHere ? "" : ` in ${folder}`}; next:

${goThere}  npm install
  npm start      ${colours.dim("runs main of assembly/index.ts")}
  npm run dev    ${colours.dim("the same, again whenever a file changes")}
  npm test       ${colours.dim("builds the project, and runs test/")}
`;
}

function parseInitOptions(words: string[]) {
  try {
    const options = { help: { type: "boolean", short: "h" } } as const;
    return parseArgs({ args: words, allowPositionals: true, options });
  } catch (error) {
    throw UsageError.ofOptions(error, 'init takes the folder of the project: "as-fibers init my-app"');
  }
}
