/** What the command says when something fails: code, message, fiber, the line of the source, the stack, and the causes. */
import path from "node:path";
import { describeFiber, FiberError, FibersError, type Frame, type Location } from "../errors.ts";
import { excerpt } from "./excerpt.ts";
import type { Palette } from "./palette.ts";
import { UsageError } from "./usage-error.ts";

export interface ReportOptions {
  colours: Palette;
  /** The folder that the names of sources are relative to: that of the program. */
  sourceFolder: string;
}

/** More causes than this are left out, from the middle. */
const MAX_CAUSES = 6;
/** More frames than this are left out, from the end. */
const MAX_FRAMES = 12;

/** The report for whatever was thrown; ends with a line break. */
export function report(error: unknown, options: ReportOptions): string {
  const { colours } = options;
  if (error instanceof FiberError)
    return `${[...reportFailure(error, options), ...reportCauses(error, options)].join("\n")}\n`;
  if (error instanceof FibersError && error.code === "E_COMPILE") return reportCompilation(error.message, options);
  if (error instanceof FibersError) {
    const lines = headline(error.code, linkPlaces(error.message, options), colours);
    if (error instanceof UsageError) lines.push(`  ${colours.cyan("→")} ${error.hint}`);
    return `${lines.join("\n")}\n`;
  }
  // Not an error of the program: a fault of this command, for which its own stack is what helps.
  return `${colours.red(error instanceof Error ? (error.stack ?? error.message) : String(error))}\n`;
}

function headline(code: string, message: string, colours: Palette): string[] {
  const [first = "", ...others] = message.split("\n");
  return [`${colours.red("✘")} ${colours.bold(colours.red(code))} ${first}`, ...others.map((line) => `  ${line}`)];
}

function reportFailure(error: FiberError, options: ReportOptions): string[] {
  const { colours } = options;
  return [
    ...headline(error.code, error.message, colours),
    // Top-level statements run in no fiber, which the number 0 says.
    `  in ${error.fiberId ? `fiber ${nameFiber(error, colours)}` : `the ${error.fiber}`}`,
    ...reportPlace(error, options),
  ];
}

function reportCauses(error: FiberError, options: ReportOptions): string[] {
  const causes: FiberError[] = [];
  for (let cause = error.cause; cause instanceof FiberError; cause = cause.cause) causes.push(cause);
  const blocks = causes.map((cause) => {
    const what = cause.code === "E_CANCELLED" ? "was cancelled" : "failed";
    const title = `  ${options.colours.yellow("because")} fiber ${nameFiber(cause, options.colours)} ${what}: ${ownMessage(cause)}`;
    return [title, ...reportPlace(cause, options)];
  });
  if (blocks.length > MAX_CAUSES) {
    const left = blocks.length - MAX_CAUSES;
    blocks.splice(MAX_CAUSES / 2, left, [`  ${options.colours.dim(`… and because of ${left} more fibers …`)}`]);
  }
  return blocks.flat();
}

/** The message without that of its own cause, which has a block of its own. */
function ownMessage({ message, cause }: FiberError): string {
  const rest = cause instanceof FiberError ? `: ${cause.message}` : "";
  return rest && message.endsWith(rest) ? message.slice(0, -rest.length) : message;
}

function nameFiber({ fiber, fiberId }: FiberError, colours: Palette): string {
  return colours.bold(describeFiber({ fiberName: fiber, fiberId }));
}

/** Where it failed: the source around the line, then the stack, and where the fiber was started. */
function reportPlace(error: FiberError, options: ReportOptions): string[] {
  const { colours } = options;
  const lines = [];
  if (error.location) {
    const source = path.resolve(options.sourceFolder, error.location.file);
    lines.push("", ...excerpt(source, error.location, colours).map((line) => `    ${line}`));
  }
  // What the compiler has made for itself, and has no lines, says nothing.
  const shown = error.frames.filter(({ functionName, location }) => location || !functionName.startsWith("~"));
  const frames = collapse(shown.map((frame) => describeFrame(frame, options)));
  for (const { text, times } of frames.slice(0, MAX_FRAMES)) {
    lines.push(`    ${text}${times > 1 ? colours.dim(`  (${times} times)`) : ""}`);
  }
  if (frames.length > MAX_FRAMES) lines.push(colours.dim(`    … ${frames.length - MAX_FRAMES} more`));
  if (error.startedAt) lines.push(`    ${linkPlaces(`started at ${error.startedAt}`, options)}`);
  lines.push("");
  return lines;
}

function describeFrame({ functionName, location }: Frame, { colours, sourceFolder }: ReportOptions): string {
  return `${colours.dim("at")} ${functionName} ${colours.dim("(")}${colours.cyan(describePlace(location, sourceFolder))}${colours.dim(")")}`;
}

/** `file:line:column`, the file as seen from the working directory. */
export function describePlace(location: Location | null, sourceFolder: string): string {
  if (!location) return "unknown";
  const { file, line, column } = location;
  const shown = file.startsWith("~lib/") ? file : path.relative(process.cwd(), path.resolve(sourceFolder, file));
  return `${shown}:${line}:${column}`;
}

/** The places in a message, as seen from the working directory: a list of fibers says where each waits, and was started. */
export function linkPlaces(message: string, { colours, sourceFolder }: ReportOptions): string {
  return message.replace(
    /(?<=\(| at )([^\s():]+):(\d+):(\d+)(?=\)|$)/gm,
    (_, file: string, line: string, column: string) => {
      const location = { file, line: Number(line), column: Number(column) };
      return colours.cyan(describePlace(location, sourceFolder));
    },
  );
}

/** A recursion's frames are one line with their number. */
function collapse(texts: string[]): { text: string; times: number }[] {
  const found: { text: string; times: number }[] = [];
  for (const text of texts) {
    const last = found.at(-1);
    if (last?.text === text) last.times++;
    else found.push({ text, times: 1 });
  }
  return found;
}

function reportCompilation(message: string, options: ReportOptions): string {
  const title = headline("E_COMPILE", "the program does not compile", options.colours).join("\n");
  return `${title}\n\n${reportMessages(message, options)}\n`;
}

/** Errors and warnings of asc, with places that terminals and editors link: `file:line:column`. */
export function reportMessages(messages: string, { colours, sourceFolder }: ReportOptions): string {
  const lines = messages.split("\n").map((line) =>
    line
      .replace(/^(ERROR|FAILURE)\b/, (word) => colours.bold(colours.red(word)))
      .replace(/^(WARNING|PEDANTIC)\b/, (word) => colours.bold(colours.yellow(word)))
      .replace(
        /^(\s*[└├]─ in )(\S.*)\((\d+),(\d+)\)$/,
        (_, before: string, file: string, row: string, column: string) => {
          const location = { file, line: Number(row), column: Number(column) };
          return before + colours.cyan(describePlace(location, sourceFolder));
        },
      ),
  );
  return lines.join("\n");
}
