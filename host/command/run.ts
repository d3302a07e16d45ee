/** `as-fibers run`: reads the command line, then runs the program. */
import { parseArgs } from "node:util";
import { ExitCode } from "./exit-code.ts";
import { help } from "./help.ts";
import { parseSeed, POLICIES } from "./observation.ts";
import { checkFile, oneOf, parseStackLimit, RUNTIMES } from "./options.ts";
import { palette, wantsColour } from "./palette.ts";
import { runProgram } from "./thread.ts";
import { UsageError } from "./usage-error.ts";
import { watchProgram } from "./watch.ts";
import { BASES, parseDirectories, parseEnvironment, parseListeners } from "./wasi-options.ts";

const DRIVERS = ["node", "epoll", "poll", "virtual"] as const;
const LEAKS = ["warn", "error", "ignore"] as const;
const TARGETS = ["debug", "release", "wasi"] as const;

/** Runs the command with the words behind "run"; the exit code. @throws UsageError */
export async function run(words: string[]): Promise<number> {
  const { values, positionals } = parseRunOptions(words);
  if (values.help) {
    process.stdout.write(help("run", palette(wantsColour(process.stdout))));
    return ExitCode.OK;
  }
  const [file, ...programArguments] = positionals;
  if (file === undefined) {
    throw new UsageError("E_NO_FILE", "run takes the file of a program", "as-fibers run examples/two-counters.ts");
  }
  checkFile(file);
  const target = oneOf(TARGETS, "--target", values.target ?? "debug");
  const runtime = oneOf(RUNTIMES, "--runtime", values.runtime ?? "incremental");
  const stackLimit = parseStackLimit(values["stack-limit"]);
  refuseMixed(target === "wasi", values);
  if (target !== "wasi") {
    const driver = oneOf(DRIVERS, "--driver", values.driver ?? "node");
    const leaks = oneOf(LEAKS, "--leaks", values.leaks ?? "warn");
    refuseUnsimulated(driver === "virtual", values);
    const observation = {
      seed: parseSeed(values.seed),
      policy: values.policy === undefined ? undefined : oneOf(POLICIES, "--policy", values.policy),
      replay: values.replay,
      shrink: values.shrink,
      trace: values.trace,
    };
    const program = { file, words: programArguments, driver, target, runtime, stackLimit, leaks, observation };
    return values.watch ? watchProgram(program) : runProgram(program);
  }
  const { runOnWasi } = await import("./wasi.ts");
  return runOnWasi({
    file,
    words: programArguments,
    base: oneOf(BASES, "--base", values.base ?? BASES[0]),
    target: values.debug ? "debug" : "release",
    runtime,
    stackLimit,
    listen: parseListeners(values.listen),
    env: parseEnvironment(values.env),
    preopens: parseDirectories(values.dir),
  });
}

/** Options of one world do nothing in the other: who gives them expects otherwise. */
function refuseMixed(isWasi: boolean, values: Record<string, unknown>): void {
  const others = isWasi
    ? ["watch", "driver", "leaks", "seed", "policy", "replay", "shrink", "trace"]
    : ["base", "listen", "dir", "env", "debug"];
  const found = others.find((name) => values[name] !== undefined);
  if (found === undefined) return;
  const hint = isWasi
    ? "on target wasi the program brings its own driver"
    : found === "debug"
      ? "--target debug is what run does by default"
      : "it is for --target wasi";
  throw new UsageError(
    "E_INVALID_OPTION",
    `--${found} does not go with --target ${isWasi ? "wasi" : "debug or release"}`,
    hint,
  );
}

/** Only in a simulated world is a run what its seed and its schedule say. */
function refuseUnsimulated(isSimulated: boolean, values: Record<string, unknown>): void {
  const found = ["seed", "policy", "replay", "shrink"].find((name) => values[name] !== undefined);
  if (isSimulated || found === undefined) return;
  throw new UsageError("E_INVALID_OPTION", `--${found} needs a simulated world`, "it goes with --driver virtual");
}

function parseRunOptions(words: string[]) {
  try {
    return parseArgs({
      args: words,
      allowPositionals: true,
      options: {
        watch: { type: "boolean" },
        driver: { type: "string" },
        target: { type: "string" },
        debug: { type: "boolean" },
        base: { type: "string" },
        listen: { type: "string", multiple: true },
        dir: { type: "string", multiple: true },
        env: { type: "string", multiple: true },
        runtime: { type: "string" },
        "stack-limit": { type: "string" },
        leaks: { type: "string" },
        seed: { type: "string" },
        policy: { type: "string" },
        replay: { type: "string" },
        shrink: { type: "boolean" },
        trace: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    const hint = 'the options of run are listed by "as-fibers run --help"; what main is to get stands behind "--"';
    throw UsageError.ofOptions(error, hint);
  }
}
