/** `as-fibers build`: compiles a program to a file, for a WASI host. */
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { parseArgs } from "node:util";
import { FibersError } from "../errors.ts";
import { compileProgram } from "./compiling.ts";
import { ExitCode } from "./exit-code.ts";
import { help } from "./help.ts";
import { checkFile, oneOf, parseStackLimit, RUNTIMES } from "./options.ts";
import { palette, wantsColour } from "./palette.ts";
import { report } from "./report.ts";
import { UsageError } from "./usage-error.ts";

/** What JavaScript loads is built by asc. */
const TARGETS = ["wasi"] as const;

/** Runs the command with the words behind "build"; the exit code. @throws UsageError */
export async function build(words: string[]): Promise<number> {
  const { values, positionals } = parseBuildOptions(words);
  if (values.help) {
    process.stdout.write(help("build", palette(wantsColour(process.stdout))));
    return ExitCode.OK;
  }
  const [file, ...others] = positionals;
  const example = "as-fibers build program.ts -o program.wasm --target wasi";
  if (file === undefined) throw new UsageError("E_NO_FILE", "build takes the file of a program", example);
  if (others.length) throw new UsageError("E_INVALID_ARGUMENT", "build takes one file", example);
  if (values.out === undefined) throw new UsageError("E_INVALID_OPTION", "--out is missing", example);
  checkFile(file);
  oneOf(TARGETS, "--target", values.target);
  const stackLimit = parseStackLimit(values["stack-limit"]);
  const colours = palette(wantsColour(process.stderr));
  try {
    const options = {
      host: "wasi" as const,
      target: values.debug ? ("debug" as const) : ("release" as const),
      runtime: oneOf(RUNTIMES, "--runtime", values.runtime ?? "incremental"),
      ...(stackLimit === undefined ? {} : { stackLimit }),
    };
    const { binary } = await compileProgram(file, options, colours);
    await write(values.out, binary);
    return ExitCode.OK;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    process.stderr.write(report(error, { colours, sourceFolder: path.dirname(path.resolve(file)) }));
    return ExitCode.FAILED;
  }
}

async function write(file: string, binary: Uint8Array): Promise<void> {
  try {
    await writeFile(file, binary);
  } catch (error) {
    throw new FibersError("E_NOT_WRITTEN", `cannot write ${file}: ${(error as Error).message}`, { cause: error });
  }
}

function parseBuildOptions(words: string[]) {
  try {
    return parseArgs({
      args: words,
      allowPositionals: true,
      options: {
        out: { type: "string", short: "o" },
        target: { type: "string" },
        debug: { type: "boolean" },
        runtime: { type: "string" },
        "stack-limit": { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    throw UsageError.ofOptions(error, 'the options of build are listed by "as-fibers build --help"');
  }
}
