/** The thread in which `as-fibers run` runs a program: compiles it, loads it, calls main, and reports. */
import path from "node:path";
import { text } from "node:stream/consumers";
import { isatty } from "node:tty";
import { parentPort, receiveMessageOnPort } from "node:worker_threads";
import { type App, type LeakPolicy, SCOPE_LEFT } from "../app.ts";
import type { CompileOptions } from "../compile.ts";
import type { Driver } from "../driver.ts";
import { nodeDriver } from "../drivers/node.ts";
import { selectorDriver } from "../drivers/selector.ts";
import { virtualDriver } from "../drivers/virtual.ts";
import { FiberError } from "../errors.ts";
import { load } from "../load.ts";
import { type ExportDescription, readSection } from "../section.ts";
import type { PlainValue } from "../values.ts";
import { parseArguments } from "./arguments.ts";
import { compileProgram } from "./compiling.ts";
import { DeadlockWatch } from "./deadlock-watch.ts";
import { ExitCode } from "./exit-code.ts";
import { Observation, type ObservationOptions } from "./observation.ts";
import { palette } from "./palette.ts";
import type { FromThread, ThreadData, ToThread } from "./protocol.ts";
import { linkPlaces, report } from "./report.ts";
import { ThreadInput } from "./thread-input.ts";
import { UsageError } from "./usage-error.ts";

/** What the thread is told, as a worker's data. */
export interface ProgramOptions {
  file: string;
  /** The arguments for main. */
  words: string[];
  driver: "node" | "epoll" | "poll" | "virtual";
  target: NonNullable<CompileOptions["target"]>;
  runtime: NonNullable<CompileOptions["runtime"]>;
  stackLimit: number | undefined;
  leaks: LeakPolicy;
  /** Who runs next, and what is written about it. */
  observation?: ObservationOptions;
  /** Whether standard error shows colours; the thread itself has no terminal. */
  isColoured: boolean;
}

/** The function that is run. */
const MAIN = "main";

/** The file descriptor. */
const STANDARD_INPUT = 0;

/** Does what a thread that sleeps in the event queue was told; nothing before main begins. */
let obeyOnWake = (): void => {};

/** Runs the program; the exit code. Failures are reported on standard error. */
export async function runInThread({ program: options, input }: ThreadData): Promise<number> {
  const reportOptions = {
    colours: palette(options.isColoured),
    sourceFolder: path.dirname(path.resolve(options.file)),
  };
  const tell = (error: unknown) => process.stderr.write(report(error, reportOptions));
  let observation: Observation | null = null;
  let values: PlainValue[] = [];
  let hasFailed = true;
  try {
    const { file, target, runtime } = options;
    const program = await compileProgram(file, { target, runtime }, reportOptions.colours, (reads) =>
      parentPort?.postMessage({ reads } satisfies FromThread),
    );
    const module = await WebAssembly.compile(program.binary as BufferSource);
    const main = findMain(readSection(module).exports, options.file);
    values = parseArguments(main, options.words);
    observation = await Observation.begin(options.observation ?? {}, program);
    const app = await load(module, {
      driver: await makeDriver(
        options.driver,
        () => new ThreadInput(input),
        () => obeyOnWake(),
        observation,
      ),
      ...(observation ? { wasi: observation.wasi } : {}),
      sourceMap: program.sourceMap,
      leaks: options.leaks,
      onUnobserved(error) {
        if (error instanceof FiberError && error.code !== SCOPE_LEFT)
          process.stderr.write("as-fibers: nobody looked at the failure of this fiber:\n");
        tell(error);
      },
      ...(options.stackLimit === undefined ? {} : { stackLimit: options.stackLimit }),
    });
    const result = await callMain(app, values, (words) =>
      process.stderr.write(`${linkPlaces(words, reportOptions)}\n`),
    );
    if (result !== undefined) console.log(String(result));
    hasFailed = false;
    return ExitCode.OK;
  } catch (error) {
    if (error === INTERRUPTED) return ExitCode.SIGINT;
    tell(error);
    return error instanceof UsageError ? ExitCode.USAGE : ExitCode.FAILED;
  } finally {
    const { leaks, stackLimit } = options;
    const repeated = { args: values, leaks, ...(stackLimit === undefined ? {} : { stackLimit }) };
    await observation?.end(hasFailed, repeated).catch(tell);
  }
}

/**
 * On simulated time, all input is read when the program first asks for some: waiting for it takes real time. Of a terminal, nothing is read.
 * @param onWake called when a thread that sleeps in the event queue has been told something
 */
async function makeDriver(
  name: ProgramOptions["driver"],
  openInput: () => ThreadInput,
  onWake: () => void,
  observation: Observation | null,
): Promise<Driver> {
  const driver = await chooseDriver(name, openInput, onWake, observation);
  observation?.follow(driver);
  return driver;
}

async function chooseDriver(
  name: ProgramOptions["driver"],
  openInput: () => ThreadInput,
  onWake: () => void,
  observation: Observation | null,
): Promise<Driver> {
  if (name === "node") return nodeDriver({ stdin: openInput });
  if (name === "epoll" || name === "poll") {
    const driver = await selectorDriver({ backEnd: name, onNotify: onWake });
    parentPort?.postMessage({ notifier: driver.notifier() } satisfies FromThread);
    return driver;
  }
  return virtualDriver({
    stdin: isatty(STANDARD_INPUT)
      ? ""
      : () => text(openInput()).then((input) => observation?.keepInput(input) ?? input),
    stdout: process.stdout,
    ...observation?.driverOptions,
  });
}

const INTERRUPTED = Symbol("interrupted");
/** Why the fibers are cancelled then. */
const INTERRUPTION = "the program was interrupted";

/**
 * Calls main and closes the program when it has ended.
 * @param say writes what is not of the program on standard error
 * @throws INTERRUPTED when it was told to close before; E_LEAK
 */
async function callMain(app: App, values: PlainValue[], say: (text: string) => void): Promise<unknown> {
  let isInterrupted = false;
  const isBlocking = app.canBlock;
  const obey = (message: ToThread) => {
    if (message === "close") {
      isInterrupted = true;
      // A thread that blocks closes when main has ended.
      if (isBlocking) app.cancelAll(INTERRUPTION);
      else void app.close({ leaks: "ignore" });
    } else {
      say(app.dump());
      parentPort?.postMessage("dumped" satisfies FromThread);
    }
  };
  const watch = new DeadlockWatch(app, say);
  // Nothing is left that could wake a fiber: the event loop is empty.
  const assertIdle = () => app.assertIdle();
  if (!isBlocking) parentPort?.on("message", obey).unref();
  obeyOnWake = () => {
    for (let told = takeMessage(); told; told = takeMessage()) obey(told.message);
  };
  parentPort?.postMessage("running" satisfies FromThread);
  process.on("beforeExit", assertIdle);
  try {
    const result = isBlocking ? app.runSync(MAIN, ...values) : await app.exports[MAIN]?.(...values);
    watch.stop();
    await app.close();
    return result;
  } catch (error) {
    throw isInterrupted ? INTERRUPTED : error;
  } finally {
    watch.stop();
    await app.close({ leaks: "ignore" });
    parentPort?.off("message", obey);
    process.off("beforeExit", assertIdle);
  }
}

/** What the thread that watches over this one has said, when no event loop brings it. */
function takeMessage(): { message: ToThread } | undefined {
  return parentPort ? (receiveMessageOnPort(parentPort) as { message: ToThread } | undefined) : undefined;
}

function findMain(functions: ExportDescription[], file: string): ExportDescription {
  const main = functions.find(({ name }) => name === MAIN);
  if (main) return main;
  const known = functions.map(({ name }) => name).join(", ") || "no function";
  throw new UsageError(
    "E_NO_MAIN",
    `${file} exports no function main`,
    `it exports ${known}; "export function main(): void { … }" is where a program begins`,
  );
}
