/** `as-fibers demo`: lists the examples, or runs one. */
import path from "node:path";
import { parseArgs } from "node:util";
import { listExamples } from "./examples.ts";
import { ExitCode } from "./exit-code.ts";
import { help } from "./help.ts";
import { palette, wantsColour } from "./palette.ts";
import { runProgram } from "./thread.ts";
import { UsageError } from "./usage-error.ts";

/** Runs the command with the words behind "demo"; the exit code. @throws UsageError */
export async function demo(words: string[]): Promise<number> {
  const { name, wantsHelp, programArguments } = parseDemoOptions(words);
  const colours = palette(wantsColour(process.stdout));
  if (wantsHelp) {
    process.stdout.write(help("demo", colours));
    return ExitCode.OK;
  }
  const examples = listExamples();
  if (name === undefined) {
    const width = Math.max(...examples.map((example) => example.name.length));
    const lines = examples.map((e) => `  ${colours.bold(e.name.padEnd(width))}  ${e.description}`);
    process.stdout.write(`${lines.join("\n")}\n\n${colours.dim("as-fibers demo <name> runs one")}\n`);
    return ExitCode.OK;
  }
  const example = examples.find((candidate) => candidate.name === name);
  if (!example) {
    const names = examples.map((candidate) => candidate.name).join(", ");
    throw new UsageError("E_NO_DEMO", `there is no example ${JSON.stringify(name)}`, `there are ${names}`);
  }
  if (name === "showcase") {
    const { showcase } = await import("./showcase/showcase.ts");
    return showcase();
  }
  const file = path.relative(process.cwd(), example.file);
  // An interrupt is how one leaves a server: nothing has gone wrong.
  return runProgram(
    {
      file,
      words: programArguments,
      driver: "node",
      target: "debug",
      runtime: "incremental",
      stackLimit: undefined,
      leaks: "warn",
    },
    { interruptedCode: ExitCode.OK },
  );
}

function parseDemoOptions(words: string[]) {
  try {
    const options = { help: { type: "boolean", short: "h" } } as const;
    const { values, positionals } = parseArgs({ args: words, allowPositionals: true, options });
    const [name, ...programArguments] = positionals;
    return { name, wantsHelp: values.help, programArguments };
  } catch (error) {
    throw UsageError.ofOptions(error, 'demo takes the name of an example: "as-fibers demo" lists them');
  }
}
