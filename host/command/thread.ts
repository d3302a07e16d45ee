/**
 * Watches over the thread in which a program runs.
 *
 * The program has a thread of its own so that Ctrl-C always works: a fiber that never yields blocks its thread, and a handler of
 * signals there would wait for it forever.
 */
import type { Readable } from "node:stream";
import { MessageChannel, Worker } from "node:worker_threads";
import { attachNotifier, type Notifier } from "../event-queue/notifier.ts";
import type { Reads } from "./build-cache.ts";
import { ExitCode } from "./exit-code.ts";
import { wantsColour } from "./palette.ts";
import type { ProgramOptions } from "./program.ts";
import type { FromThread, ThreadData, ToThread } from "./protocol.ts";
import { serveInput } from "./thread-input.ts";

/** How long an interrupted program may take to clean up, in milliseconds: the grace of `App.close`, and some for the way. */
const CLEANUP_GRACE = 1500;

/** How long a program may take to begin listing its fibers, in milliseconds. */
const DUMP_GRACE = 1000;

export interface ThreadOptions {
  /** The exit code of a program that an interrupt has ended in order; that of the signal by default. */
  interruptedCode?: number;
  /** Called with what was read to compile the program, also when it does not compile. */
  onReads?: (reads: Reads) => void;
  /** Ends the program as an interrupt does. */
  end?: AbortSignal;
  /** Opens its standard input; that of the process by default. */
  stdin?: () => Readable;
}

/** Runs a program in a thread of its own until it has ended; the exit code. */
export async function runProgram(
  program: Omit<ProgramOptions, "isColoured">,
  { interruptedCode, onReads, end, stdin = () => process.stdin }: ThreadOptions = {},
): Promise<number> {
  const { port1: inputPort, port2: input } = new MessageChannel();
  const worker = new Worker(new URL("./command.js", import.meta.url), {
    workerData: { program: { ...program, isColoured: wantsColour(process.stderr) }, input } satisfies ThreadData,
    transferList: [input],
  });
  const letGoOfInput = serveInput(inputPort, stdin);
  const tell = teller(worker);
  const interrupts = new Interrupts(worker, tell, end);
  const dumps = new Dumps(worker, tell);
  // The reader of a pipe may leave before the program has ended (`| head`): it ends too.
  const terminate = () => void worker.terminate();
  process.stdout.on("error", terminate);
  worker.on("message", (message: FromThread) => {
    if (typeof message === "object" && "reads" in message) onReads?.(message.reads);
  });
  try {
    const code = await new Promise<number>((resolve, reject) => {
      worker.on("exit", resolve);
      worker.on("error", reject);
    });
    if (!interrupts.signal) return code;
    return (interrupts.wasInOrder ? interruptedCode : undefined) ?? ExitCode[interrupts.signal];
  } finally {
    process.stdout.off("error", terminate);
    interrupts.ignore();
    dumps.ignore();
    letGoOfInput();
  }
}

type Tell = (message: ToThread) => void;

/** Tells the thread something, and wakes it when it sleeps in the operating system's event queue, where no message reaches it. */
function teller(worker: Worker): Tell {
  let notifier: Notifier | undefined;
  let hasTold = false;
  worker.on("message", (message: FromThread) => {
    if (typeof message !== "object" || !("notifier" in message)) return;
    void attachNotifier(message.notifier).then((attached) => {
      notifier = attached;
      if (hasTold) notifier.notify();
    });
  });
  return (message) => {
    worker.postMessage(message);
    hasTold = true;
    notifier?.notify();
  };
}

/** The signal that asks for a list of all fibers. */
class Dumps {
  readonly #tell: Tell;
  /** How often it was asked, and has not listed them: an answer may come when it was asked again. */
  #unanswered = 0;
  #isRunning = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(worker: Worker, tell: Tell) {
    this.#tell = tell;
    worker.on("message", (message: FromThread) => {
      if (message === "running") this.#isRunning = true;
      else if (message === "dumped" && --this.#unanswered === 0) clearTimeout(this.#timer);
    });
    if (hasUserSignals) process.on("SIGUSR2", this.#ask);
  }

  ignore(): void {
    process.off("SIGUSR2", this.#ask);
    clearTimeout(this.#timer);
  }

  readonly #ask = () => {
    if (!this.#isRunning) {
      process.stderr.write("as-fibers: main has not begun\n");
      return;
    }
    this.#tell("dump");
    this.#unanswered++;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      process.stderr.write("as-fibers: a fiber does not yield: the fibers are listed when it does\n");
    }, DUMP_GRACE);
  };
}

const hasUserSignals = process.platform !== "win32";

/** What ends a program: signals, the first one in order, a second one at once; and who has started it. */
class Interrupts {
  /** The last one that came. */
  signal: "SIGINT" | "SIGTERM" | undefined;
  /** The program was not cut off. */
  wasInOrder = true;
  readonly #worker: Worker;
  readonly #tell: Tell;
  readonly #asked: AbortSignal | undefined;
  #isRunning = false;
  #isEnding = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(worker: Worker, tell: Tell, end?: AbortSignal) {
    this.#worker = worker;
    this.#tell = tell;
    this.#asked = end;
    worker.on("message", (message: FromThread) => (this.#isRunning ||= message === "running"));
    process.on("SIGINT", this.#interrupt);
    process.on("SIGTERM", this.#interrupt);
    end?.addEventListener("abort", this.#obey);
  }

  ignore(): void {
    process.off("SIGINT", this.#interrupt);
    process.off("SIGTERM", this.#interrupt);
    this.#asked?.removeEventListener("abort", this.#obey);
    clearTimeout(this.#timer);
  }

  readonly #interrupt = (signal: "SIGINT" | "SIGTERM") => {
    this.signal = signal;
    this.#begin();
  };

  readonly #obey = () => {
    if (!this.#isEnding) this.#begin();
  };

  #begin(): void {
    // Nothing to clean up before main has begun; and who asks twice does not want to wait.
    const isAtOnce = !this.#isRunning || this.#isEnding;
    this.#isEnding = true;
    if (isAtOnce) {
      this.#cutOff();
      return;
    }
    this.#tell("close");
    this.#timer = setTimeout(() => {
      process.stderr.write("as-fibers: a fiber does not yield: ended without running the cleanups\n");
      this.#cutOff();
    }, CLEANUP_GRACE);
  }

  #cutOff(): void {
    this.wasInOrder = false;
    clearTimeout(this.#timer);
    void this.#worker.terminate();
  }
}
