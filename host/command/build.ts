/** `as-fibers build`: compiles a program to files: a module that JavaScript imports, with its types, or one for a WASI host. */
import path from "node:path";
import { parseArgs } from "node:util";
import type { CompileOptions } from "../compile.ts";
import { findWrongType, writeAll, writeBindings } from "./bindings-files.ts";
import { compileProgram } from "./compiling.ts";
import { ExitCode } from "./exit-code.ts";
import { help } from "./help.ts";
import { checkFile, oneOf, parseStackLimit, RUNTIMES } from "./options.ts";
import { type Palette, palette, wantsColour } from "./palette.ts";
import { report } from "./report.ts";
import { UsageError } from "./usage-error.ts";

const TARGETS = ["javascript", "wasi"] as const;

const EXAMPLE = "as-fibers build assembly/index.ts -o build/app";

type BuildOptions = ReturnType<typeof parseBuildOptions>["values"];

/** Runs the command with the words behind "build"; the exit code. @throws UsageError */
export async function build(words: string[]): Promise<number> {
  const { values, positionals } = parseBuildOptions(words);
  if (values.help) {
    process.stdout.write(help("build", palette(wantsColour(process.stdout))));
    return ExitCode.OK;
  }
  const [file, ...others] = positionals;
  if (file === undefined) throw new UsageError("E_NO_FILE", "build takes the file of a program", EXAMPLE);
  if (others.length) throw new UsageError("E_INVALID_ARGUMENT", "build takes one file", EXAMPLE);
  if (values.out === undefined) throw new UsageError("E_INVALID_OPTION", "--out is missing", EXAMPLE);
  checkFile(file);
  const target = oneOf(TARGETS, "--target", values.target ?? "javascript");
  checkTarget(target, values);
  const options = { ...compileOptions(values), out: values.out };
  const colours = palette(wantsColour(process.stderr));
  try {
    if (target === "wasi") await buildForWasi(file, options, values["stack-limit"], colours);
    else await buildForJavascript(file, options, values.imports, colours);
    return ExitCode.OK;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    process.stderr.write(report(error, { colours, sourceFolder: path.dirname(path.resolve(file)) }));
    return ExitCode.FAILED;
  }
}

/** Options that go with the other target only. @throws UsageError */
function checkTarget(target: (typeof TARGETS)[number], values: BuildOptions): void {
  const { imports, "stack-limit": stackLimit } = values;
  if (imports !== undefined) checkFile(imports);
  if (target === "wasi" && imports !== undefined) {
    const hint = "a WASI host gives a program nothing but WASI";
    throw new UsageError("E_INVALID_OPTION", "--imports does not go with --target wasi", hint);
  }
  if (target === "javascript" && stackLimit !== undefined) {
    const hint = "JavaScript says it when it makes an instance: instantiate({ stackLimit })";
    throw new UsageError("E_INVALID_OPTION", "--stack-limit goes with --target wasi only", hint);
  }
}

function compileOptions(values: BuildOptions): Pick<CompileOptions, "target" | "runtime"> {
  return {
    target: values.debug ? "debug" : "release",
    runtime: oneOf(RUNTIMES, "--runtime", values.runtime ?? "incremental"),
  };
}

interface Output extends CompileOptions {
  out: string;
}

async function buildForWasi(
  file: string,
  { out, ...options }: Output,
  limit: string | undefined,
  colours: Palette,
): Promise<void> {
  const stackLimit = parseStackLimit(limit);
  const wasi = { ...options, host: "wasi" as const, ...(stackLimit === undefined ? {} : { stackLimit }) };
  const { binary } = await compileProgram(file, wasi, colours);
  await writeAll({ [out]: binary });
}

async function buildForJavascript(
  file: string,
  { out, ...options }: Output,
  imports: string | undefined,
  colours: Palette,
): Promise<void> {
  const base = out.replace(/\.(wasm|js)$/, "");
  const bound = { ...options, bindings: true, name: path.basename(base) };
  const compiled = await compileProgram(file, bound, colours);
  for (const skipped of compiled.bindings?.skipped ?? []) {
    process.stderr.write(`${colours.bold("as-fibers:")} not exported: ${skipped}\n`);
  }
  await writeBindings(compiled, { source: file, base, imports });
  const wrongType = findWrongType(base);
  if (wrongType) process.stderr.write(`${colours.bold("as-fibers:")} ${wrongType}\n`);
}

function parseBuildOptions(words: string[]) {
  try {
    return parseArgs({
      args: words,
      allowPositionals: true,
      options: {
        out: { type: "string", short: "o" },
        target: { type: "string" },
        imports: { type: "string" },
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
