/** `App`: one running instance. Its exports are async functions, each call a fiber; turns are taken from the event loop. */
import { ADD_LISTENER_EXPORT, type GuestExports, newString, Opcode, type Operation } from "./abi.ts";
import { HostCalls } from "./bindings/host-calls.ts";
import { type AdaptedExports, LiftedValues } from "./bindings/lifted-values.ts";
import { isChannel } from "./bindings/shape.ts";
import { refuseBlocking, Streams } from "./bindings/streams.ts";
import { makeVariables } from "./bindings/variables.ts";
import type { CallOptions } from "./calls.ts";
import { Caller } from "./caller.ts";
import type { Driver, Outcome } from "./driver.ts";
import { describeCircle, describeFibers } from "./dump.ts";
import { FiberError, FibersError, type Frame } from "./errors.ts";
import { makeExports, refuseExport } from "./exports.ts";
import { FailureReader } from "./failure-reader.ts";
import type { FiberFields } from "./fiber-records.ts";
import { type Connect, instantiate } from "./imports.ts";
import { Inspector, only } from "./inspector.ts";
import { closedError, Life } from "./life.ts";
import { type Listener, Listeners, type ListenPlace } from "./listeners.ts";
import { Operations, type Server } from "./operations.ts";
import type { SectionContent } from "./section.ts";
import { SourceLocator } from "./stack-trace.ts";
import { judgeTrap, type Verdict } from "./trap.ts";
import { liveBytes, Turns } from "./turns.ts";
import { type PlainValue, PlainValues, type Values } from "./values.ts";

export interface AppParts {
  module: WebAssembly.Module;
  section: SectionContent;
  driver: Driver;
  /** Where to listen before the program starts. */
  listen: Required<Exclude<ListenPlace, number>>[];
  imports: WebAssembly.Imports;
  /** What the compiler has written to lift and lower; undefined: only plain values cross. */
  connect?: Connect | undefined;
  /** Called before anything of the instance runs. */
  onInstance: (instance: WebAssembly.Instance) => void;
  readSourceMap: () => string | null;
  onUnobserved: (error: Error) => void;
  leaks: LeakPolicy;
}

/** What is done about fibers that are left when all calls have ended, and scopes that nobody has waited for. */
export type LeakPolicy = "ignore" | "warn" | "error";

/** The code of the report of a scope that nobody has waited for. */
export const SCOPE_LEFT = "E_SCOPE_LEFT";

/** A fiber, as `fibers()` shows it. */
export interface FiberDescription extends Pick<
  FiberFields,
  "id" | "name" | "state" | "reason" | "joins" | "savedBytes"
> {
  /** Where the program has started it, as `file:line:column`; null for a call from JavaScript, and in a module without lines. */
  startedAt: string | null;
}

/** Fibers that wait for each other, and will for ever unless one of them is cancelled. */
export interface Deadlock {
  /** Each waits for the next, the last one for the first. */
  fibers: FiberDescription[];
  /** The circle, drawn, and what each of them waits for, and where. */
  report: string;
}

/** An exported function, as JavaScript calls it. */
export type AsyncExport = (...values: (PlainValue | CallOptions)[]) => Promise<PlainValue | undefined>;

/** Drivers that have been opened. */
const taken = new WeakSet<Driver>();

/** How long `close` waits for cleanups, in milliseconds. */
const DEFAULT_GRACE = 1000;

/** A loaded program. Made by `load`, or by `instantiate` of a program's bindings, which knows the types of its exports. */
export class App<Exports = Record<string, AsyncExport>> {
  /** The functions that the program's entry file exports, and with bindings its variables. */
  readonly exports: Readonly<Exports>;
  /** Failures that nobody looked at, as they were reported. */
  readonly warnings: string[] = [];
  /** The ports of the option `listen`, in its order. */
  readonly ports: number[] = [];

  readonly #parts: AppParts;
  readonly #values: Values;
  readonly #hostCalls: HostCalls;
  readonly #streams = new Streams();
  readonly #operations: Operations;
  readonly #failures: FailureReader;
  readonly #turns: Turns;
  readonly #life = new Life();
  readonly #caller: Caller;
  #guest!: GuestExports;
  #inspector!: Inspector;
  #onEmpty: (() => void) | undefined;
  #closing: Promise<void> | undefined;
  #leaks: LeakPolicy;

  /** @internal */
  constructor(parts: AppParts) {
    const { driver, section, readSourceMap } = parts;
    this.#parts = parts;
    this.#leaks = parts.leaks;
    const lifted = parts.connect && new LiftedValues(section, this.#streams);
    this.#values = lifted ?? new PlainValues();
    this.#hostCalls = new HostCalls({
      imports: section.suspendingImports,
      values: this.#values,
      complete: (operation, outcome) => this.#bring(operation, outcome),
      recover: (error) => this.#recover(error),
    });
    if (lifted) {
      this.#streams.attach({
        hostCalls: this.#hostCalls,
        values: lifted,
        complete: (operation, result) => this.#bring(operation, result),
        add: (call, sink) => this.#caller.addServed(call, sink),
      });
    }
    this.#operations = new Operations(driver, serversOf(this.#hostCalls, this.#streams));
    const errorOf = (fiberId: number, message: string) => this.#hostCalls.errorOf(fiberId, message);
    this.#failures = new FailureReader(new SourceLocator(readSourceMap, section), section.sites, errorOf);
    this.#turns = new Turns(driver, section, this.#operations, this.#failures, {
      isOver: () => this.#life.isOver,
      afterRun: () => this.#afterRun(),
      onDeath: (verdict, cause) => this.#die(verdict, cause),
    });
    const caller = new Caller({
      section,
      driver,
      values: this.#values,
      streams: this.#streams,
      failures: this.#failures,
      turns: this.#turns,
      life: this.#life,
      die: (verdict, cause) => this.#die(verdict, cause),
    });
    this.#caller = caller;
    this.exports = makeExports(
      section,
      (description, values) => caller.call(description, values),
      (description, shape, values) => caller.stream(description, shape, values),
    ) as Readonly<Exports>;
  }

  /** @internal Instantiates, and runs the top-level statements. */
  async start(stackLimit: number, redZone: number): Promise<void> {
    const { module, section, driver, imports } = this.#parts;
    if (taken.has(driver)) {
      const message = "this driver serves another instance, or has served one: make a new one for each";
      throw new FibersError("E_INVALID_OPTION", message);
    }
    this.#checkListen();
    taken.add(driver);
    const listeners = new Listeners(driver);
    driver.open({
      complete: (operation, outcome, detail = 0) => {
        if (listeners.complete(operation, outcome, detail)) return;
        this.#complete(operation, outcome, detail);
      },
      turn: () => this.#turns.take(),
    });
    try {
      const opened = await listeners.open(this.#parts.listen);
      this.#guest = await instantiate(
        module,
        imports,
        driver,
        this.#operations,
        {
          settle: (call, failure) => this.#caller.note(call, failure),
          trace: (stack) => this.#failures.noteTrace(stack),
          instance: (instance) => this.#parts.onInstance(instance),
        },
        {
          suspendingImports: section.suspendingImports,
          hostCalls: this.#hostCalls,
          streams: this.#streams.imports(module),
          connect: this.#parts.connect,
          isOver: () => this.#life.isOver,
          attach: (guest, adapted) => this.#attachValues(guest, adapted),
        },
      );
      this.#turns.attach(this.#guest);
      this.#caller.attach(this.#guest);
      this.#failures.attach(this.#guest);
      this.#inspector = new Inspector(this.#guest, this.#failures, section.sites, {
        now: () => driver.now(),
        handleOf: (slot) => this.#operations.handleOf(slot),
      });
      this.#addListeners(opened);
      this.#guest.__fibers_start();
      this.#guest.__fibers_configure(stackLimit, redZone);
    } catch (error) {
      driver.close();
      if (error instanceof FibersError) throw error;
      throw this.#failures.startError(judgeTrap(error, section, this.#guest), error);
    }
    this.#life.state = "open";
    if (this.#guest.__fibers_count()) driver.soon();
  }

  /** JavaScript has brought it: a turn need not wait for the event loop. */
  #bring(operation: Operation, outcome: number | Outcome): void {
    this.#operations.complete(operation, outcome, 0);
    this.#turns.soonest();
  }

  #complete(operation: Operation, outcome: number | Outcome, detail: number): void {
    this.#operations.complete(operation, outcome, detail);
    // The driver need not ask for a turn: a fiber may wait for this.
    this.#parts.driver.soon();
  }

  #attachValues(guest: GuestExports, adapted: Record<string, unknown> | undefined): void {
    this.#values.attach(guest);
    if (!adapted) return;
    (this.#values as LiftedValues).adapt(adapted as AdaptedExports);
    Object.assign(this.exports, makeVariables(adapted, this.#parts.section.variables ?? []));
  }

  #checkListen(): void {
    const { module, listen } = this.#parts;
    const exports = WebAssembly.Module.exports(module);
    if (!listen.length || exports.some(({ name }) => name === ADD_LISTENER_EXPORT)) return;
    const message = "listen is for programs that import sock_accept of WASI, and this one does not: use TcpListener";
    throw new FibersError("E_INVALID_OPTION", message);
  }

  #addListeners(opened: Listener[]): void {
    for (const { descriptor, handle, port } of opened) {
      this.#guest.__fibers_add_listener?.(descriptor, handle);
      this.ports.push(port);
    }
  }

  /** All fibers that have not ended, the oldest first. */
  fibers(): FiberDescription[] {
    return this.#readFibers().map((fiber) => this.#describe(fiber));
  }

  #readFibers(): FiberFields[] {
    return this.#life.isInspectable ? this.#inspector.fibers() : [];
  }

  #describe({ id, name, state, reason, joins, savedBytes, site }: FiberFields): FiberDescription {
    return { id, name, state, reason, joins, savedBytes, startedAt: this.#inspector.placeOf(site) };
  }

  /** @internal The stack of a fiber that does not run, innermost frame first; also in a turn, between two switches. */
  framesOf(fiber: number): Frame[] {
    return this.#life.isInspectable ? this.#failures.stackOf(fiber, new Map()) : [];
  }

  /**
   * The tree of all fibers: what each does, what it waits for, since where and when, and its stack; and circles of fibers that wait for
   * each other. It changes nothing. During a turn, in a function that the program has called, without the stacks.
   */
  dump(): string {
    if (!this.#life.isInspectable) return "no fibers";
    const inspection = this.#inspector.inspect(!this.#turns.isInTurn);
    const circles = inspection.graph.findCircles();
    return [describeFibers(inspection), ...circles.map((circle) => describeCircle(circle, inspection))].join("\n");
  }

  /** The same at the end of the turn that is on the stack, or now: with the stacks. */
  dumpAfterTurn(): Promise<string> {
    return new Promise((resolve) => this.#turns.between(() => resolve(this.dump())));
  }

  /**
   * Fibers that wait for each other in a circle of joins, locks and scopes, while others may go on. Only a cancellation can end that.
   * Between turns.
   */
  findDeadlocks(): Deadlock[] {
    if (!this.#life.isInspectable || !this.#inspector.findCircles().length) return [];
    const inspection = this.#inspector.inspect(!this.#turns.isInTurn);
    return inspection.graph.findCircles().map((circle) => ({
      fibers: circle.map((fiber) => this.#describe(fiber)),
      report: `${describeCircle(circle, inspection)}\n${describeFibers(only(circle, inspection))}`,
    }));
  }

  /** The memory of the instance, for measuring. */
  get memory(): WebAssembly.Memory {
    return this.#guest.memory;
  }

  /** How many times a fiber was resumed. */
  get switches(): number {
    return this.#guest.__fibers_count_switches();
  }

  /** Bytes that objects take, garbage that is not yet collected included; 0 when the runtime does not count them (`stub`). */
  get liveBytes(): number {
    return liveBytes(this.#guest);
  }

  /** Whether no switch has ever written outside of the memory reserved for it. For tests. */
  get isIntact(): boolean {
    return this.#guest.__fibers_is_intact() !== 0;
  }

  /** A full collection of garbage. */
  collect(): void {
    if (this.#life.isOver) throw this.#life.refusal();
    if (this.#turns.isInTurn)
      throw new FibersError(
        "E_IN_TURN",
        "collect works only between turns: call it from the event loop, not from an import",
      );
    this.#guest.__fibers_collect();
  }

  /** Fails the pending calls with E_DEADLOCK when nothing can happen any more; does nothing when all is idle or at work. */
  assertIdle(): void {
    if (!this.#caller.size || this.#canGoOn()) return;
    const report = `nothing can wake these fibers any more:\n${this.dump()}`;
    this.#caller.rejectAll(() => new FibersError("E_DEADLOCK", report));
  }

  /** Whether something will happen although nobody calls: a fiber is ready, a timer runs, or an operation is on its way. */
  #canGoOn(): boolean {
    if (this.#turns.canGoOn || this.#hostCalls.size > 0 || this.#streams.isAwaited) return true;
    return this.#readFibers().some(({ state, reason }) => state === "ready" || reason === "output");
  }

  /** How many calls have not ended. */
  get pendingCalls(): number {
    return this.#caller.size;
  }

  /**
   * Cancels all fibers, lets their cleanups run for at most `grace` milliseconds (1,000 by default), rejects calls that are still
   * pending with E_INSTANCE_CLOSED, and lets go of the driver. Closing twice waits for the first time.
   * @param leaks in place of the option of `load`: whether fibers are reported that have not ended although no call is pending
   * @throws E_LEAK with `leaks: "error"`, after it has closed: such fibers, scopes that nobody has waited for, failures that nobody looked at
   */
  close({ grace = DEFAULT_GRACE, leaks }: { grace?: number; leaks?: LeakPolicy } = {}): Promise<void> {
    if (!(grace >= 0)) {
      const message = `grace is a number of milliseconds, 0 or more, and got ${String(grace)}`;
      return Promise.reject(new FibersError("E_INVALID_OPTION", message));
    }
    if (leaks) this.#leaks = leaks;
    this.#closing ??= this.#close(grace);
    return this.#closing;
  }

  async #close(grace: number): Promise<void> {
    // Not inside a turn, when an import has called this: the guest cannot be entered then.
    await Promise.resolve();
    if (this.#life.state !== "open") return;
    const left = this.#findLeft();
    this.#life.state = "closing";
    if (left && this.#leaks === "warn") this.#warn(left);
    try {
      await this.#cancelAll(grace);
      if (!this.#life.isOver) this.#report(true);
    } finally {
      if (!this.#life.isOver) this.#end("closed", closedError());
    }
    if (this.#leaks === "error") this.#refuseLeaks(left);
  }

  /** The fibers that nobody waits for any more: all, when no call is pending. */
  #findLeft(): FibersError | undefined {
    if (this.#leaks === "ignore" || this.#caller.size || !this.#readFibers().length) return undefined;
    return new FibersError(
      "E_LEAK",
      `nobody waits for these fibers any more, and they have not ended:\n${this.dump()}`,
    );
  }

  #refuseLeaks(left: FibersError | undefined): void {
    if (!left && !this.warnings.length) return;
    const unseen = this.warnings.length ? ["nobody looked at:", ...this.warnings] : [];
    throw new FibersError("E_LEAK", [...(left ? [left.message] : []), ...unseen].join("\n"));
  }

  /** Ends the instance at once: no cleanup runs. Pending calls reject with E_INSTANCE_CLOSED. */
  terminate(): void {
    if (this.#life.isOver) return;
    this.#end(
      "closed",
      new FibersError("E_INSTANCE_CLOSED", "the instance was terminated while this call was pending"),
    );
  }

  /** Whether its driver can do without JavaScript's event loop: see `runSync`. */
  get canBlock(): boolean {
    return this.#parts.driver.block !== undefined;
  }

  /** Cancels all fibers; each ends when its cleanups have run. */
  cancelAll(reason = "cancelled"): void {
    this.#turns.between(() => {
      if (this.#life.isOver) return;
      this.#guest.__fibers_cancel_all(newString(this.#guest, reason));
      this.#guest.__fibers_release_strings();
      this.#parts.driver.soon();
    });
  }

  async #cancelAll(grace: number): Promise<void> {
    this.cancelAll("the instance is closing");
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
      // setTimeout takes no more than that; what is longer is for ever.
      if (grace < 2 ** 31) timer = setTimeout(resolve, grace);
      this.#parts.driver.soon();
    });
    clearTimeout(timer);
  }

  #end(state: "closed" | "dead", error: FibersError): void {
    this.#life.state = state;
    this.#life.death = error;
    this.#parts.driver.close();
    this.#operations.close();
    this.#streams.close();
    this.#onEmpty?.();
    this.#caller.rejectAll(() => new FibersError(error.code, error.message, { cause: error.cause }));
  }

  /**
   * Calls an exported function, and blocks this thread until it has ended: the fibers own the thread, sleep in the operating system's event
   * queue, and JavaScript's event loop stands still. For a driver that can: see `selectorDriver`.
   * @returns what the function returns
   * @throws what it fails with; E_DEADLOCK when nothing can wake its fiber any more; E_CANNOT_BLOCK when the driver needs the event loop;
   *   E_IN_TURN inside of a turn; E_NO_EXPORT, E_INVALID_ARGUMENT; E_UNSUPPORTED_TYPE when it returns a channel
   */
  runSync(name: string, ...values: unknown[]): unknown {
    const { driver, section } = this.#parts;
    if (!driver.block) {
      const message = `the driver ${driver.name} needs JavaScript's event loop: await the call, or load the module with selectorDriver()`;
      throw new FibersError("E_CANNOT_BLOCK", message);
    }
    if (this.#turns.isInTurn) {
      throw new FibersError(
        "E_IN_TURN",
        "runSync works only between turns: call it from the event loop, not from an import",
      );
    }
    const description = section.exports.find((known) => known.name === name) ?? refuseExport(section, name);
    if (isChannel(description.shapes?.result)) throw refuseBlocking(name);
    let outcome: { value: unknown } | { error: Error } | undefined;
    this.#caller.begin(
      description,
      values,
      (value) => (outcome = { value }),
      (error) => (outcome = { error }),
    );
    driver.block(() => {
      if (!outcome && !this.#life.isOver) this.assertIdle();
      return outcome !== undefined;
    });
    // Only the end of the instance leaves a call without one, and rejects it.
    if (!outcome || "error" in outcome) throw outcome?.error ?? this.#life.refusal();
    return outcome.value;
  }

  /** The guest could not take what JavaScript has answered. @throws the same when the instance is dead */
  #recover(error: unknown): FibersError {
    const { isIsolated, code, message } = judgeTrap(error, this.#parts.section, this.#guest);
    if (!isIsolated) throw error;
    this.#turns.restoreStackPointer();
    this.#failures.spendReserve();
    return new FibersError(code, message, { cause: error });
  }

  /** The guest has run: settle the calls that have ended, and report. */
  #afterRun(): void {
    const settled = this.#caller.settle();
    if (settled && !this.#caller.size) this.#report(true);
    if (this.#guest.__fibers_report_count()) this.#report(false);
    if (this.#life.state === "closing" && !this.#guest.__fibers_count()) this.#onEmpty?.();
  }

  #die({ code, message }: Verdict, cause: unknown): void {
    const text = `the instance is dead: a trap (${code}: ${message}) left its allocator, collector or scheduler half way through a change`;
    this.#end("dead", new FibersError("E_INSTANCE_DEAD", text, { cause }));
  }

  /** Reports failures that nobody looked at: all when the last pending call has ended, else those of collected fibers. */
  #report(all: boolean): void {
    while (true) {
      const failure = this.#guest.__fibers_take_report(all ? 1 : 0) >>> 0;
      if (!failure) return;
      const error = this.#failures.read(failure);
      if (error.code !== SCOPE_LEFT || this.#leaks !== "ignore") this.#warn(error);
    }
  }

  #warn(error: FibersError): void {
    const who = error instanceof FiberError ? ` (fiber ${error.fiber || error.fiberId})` : "";
    this.warnings.push(`${error.code}: ${error.message}${who}`);
    try {
      this.#parts.onUnobserved(error);
    } catch (thrown) {
      // The user's mistake is the process's to know, and must not cut the turn short: timers are armed after this.
      queueMicrotask(() => {
        throw thrown;
      });
    }
  }
}

/** Who serves what the driver does not. */
function serversOf(hostCalls: HostCalls, streams: Streams): Server[] {
  const servers: Server[] = [];
  servers[Opcode.CALL] = hostCalls;
  for (const opcode of [Opcode.PULL, Opcode.LEAVE, Opcode.DEMAND]) servers[opcode] = streams;
  return servers;
}
