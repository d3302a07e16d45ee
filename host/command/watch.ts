/**
 * `as-fibers run --watch`: runs a program again whenever it, or a file that it imports, has changed.
 *
 * A program that still runs then is ended as by an interrupt. What was read is known from the compiler, also when the program does not
 * compile, and what it looked for without finding it too: a file that appears is a change.
 */
import { Readable } from "node:stream";
import { ExitCode } from "./exit-code.ts";
import { palette, wantsColour } from "./palette.ts";
import type { ProgramOptions } from "./program.ts";
import { SourceWatch } from "./source-watch.ts";
import { runProgram } from "./thread.ts";

/** Runs it until it is interrupted; the exit code: that of the signal, or of the run when nothing could be read. */
export async function watchProgram(program: Omit<ProgramOptions, "isColoured">): Promise<number> {
  const interrupted = new AbortController();
  let sources = new SourceWatch();
  let signal: "SIGINT" | "SIGTERM" | undefined;
  const onSignal = (name: "SIGINT" | "SIGTERM") => {
    signal = name;
    interrupted.abort();
  };
  // The program's own handlers end it; these end the watch.
  process.on("SIGINT", onSignal).on("SIGTERM", onSignal);
  try {
    for (;;) {
      sources = new SourceWatch();
      const code = await runOnce(program, sources);
      if (!sources.hasBegun) return code;
      if (!signal && !sources.changed.aborted) say(`${describe(code)}; waiting for a change, Ctrl-C ends`);
      await sources.change(interrupted.signal);
      if (signal) return ExitCode[signal];
      say(`${sources.changedFile} has changed`);
    }
  } finally {
    sources.stop();
    process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
  }
}

/** Once; its standard input is at its end: what is typed could be meant for the run before, or for the next. */
function runOnce(program: Omit<ProgramOptions, "isColoured">, sources: SourceWatch): Promise<number> {
  const stdin = () => Readable.from([]);
  return runProgram(program, { onReads: (reads) => sources.begin(reads), end: sources.changed, stdin });
}

function describe(code: number): string {
  return code === ExitCode.OK ? "the program has ended" : "the program has failed";
}

/** How it goes on, for somebody at a terminal; in a pipe, there is only what the program says. */
function say(words: string): void {
  if (process.stderr.isTTY)
    process.stderr.write(`${palette(wantsColour(process.stderr)).dim(`as-fibers: ${words}`)}\n`);
}
