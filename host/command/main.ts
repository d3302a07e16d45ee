#!/usr/bin/env node
/** The command `as-fibers`. In a worker, the thread of the program that it runs. */
import { isMainThread, workerData } from "node:worker_threads";
import { libraryVersion } from "../version.ts";
import { ExitCode } from "./exit-code.ts";
import { help } from "./help.ts";
import { palette, wantsColour } from "./palette.ts";
import { report } from "./report.ts";
import { UsageError } from "./usage-error.ts";

/** Runs the command; the exit code. What is loaded depends on the command: asking for help must not load a compiler. */
async function main([command, ...words]: string[]): Promise<number> {
  switch (command) {
    case "run":
      return (await import("./run.ts")).run(words);
    case "build":
      return (await import("./build.ts")).build(words);
    case "init":
      return (await import("./init.ts")).init(words);
    case "demo":
      return (await import("./demo.ts")).demo(words);
    case undefined:
    case "help":
    case "-h":
    case "--help":
      process.stdout.write(help("all", palette(wantsColour(process.stdout))));
      return ExitCode.OK;
    case "-v":
    case "--version":
      console.log(libraryVersion);
      return ExitCode.OK;
    default:
      throw unknownCommand(command);
  }
}

function unknownCommand(command: string): UsageError {
  const isOption = command.startsWith("-");
  const hint = command.endsWith(".ts")
    ? `a program is run by "as-fibers run ${command}"`
    : 'there are run, build, init and demo; "as-fibers --help" tells more';
  return new UsageError(
    isOption ? "E_INVALID_OPTION" : "E_NO_COMMAND",
    `there is no ${isOption ? "option" : "command"} ${JSON.stringify(command)}`,
    hint,
  );
}

if (isMainThread) {
  try {
    process.exitCode = await main(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(report(error, { colours: palette(wantsColour(process.stderr)), sourceFolder: process.cwd() }));
    process.exitCode = error instanceof UsageError ? ExitCode.USAGE : ExitCode.FAILED;
  }
} else {
  const { runInThread } = await import("./program.ts");
  process.exitCode = await runInThread(workerData);
}
