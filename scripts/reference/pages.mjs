// @ts-check
/** The pages of the reference: what stands on each. What is exported and stands on none is an error. */

/**
 * @typedef {{ file: string, title: string, intro: string, names?: string[], entry?: string, first?: string[] }} Page
 *   names: in AssemblyScript; entry: the declarations of an entry point for JavaScript, all of whose names are shown
 *   first: those of them that come first; the others follow as they are exported
 */

/** @param {string} names */
const list = (names) => names.trim().split(/\s+/);

/** @type {Page[]} */
export const PAGES = [
  {
    file: "fibers.md",
    title: "Fibers",
    intro:
      "Starting, waiting, failing, cleaning up. Guides: [using as-fibers](../using.md), [cancellation](../cancellation.md).",
    names: list(
      "go spawn run Fiber Task State yieldNow maybeYield sleep monotonicNow fail Failure defer Cleanup shield FiberLocal",
    ),
  },
  {
    file: "channels.md",
    title: "Channels and select",
    intro: "Values from fiber to fiber. Guides: [channels](../channels.md), [select](../select.md).",
    names: list("Channel Overflow Select"),
  },
  {
    file: "locks.md",
    title: "Locks",
    intro: "What must not happen at the same time, or only once. Guide: [locks](../locks.md).",
    names: list("Mutex RwLock Semaphore Condition Once"),
  },
  {
    file: "signals.md",
    title: "Signals and results",
    intro:
      "Waiting for something that happens, for all, for a result; telling many. Guides: [signals](../signals.md), [futures](../futures.md).",
    names: list("Event WaitGroup Barrier Future Broadcast BroadcastReceiver Watch WatchObserver"),
  },
  {
    file: "timers.md",
    title: "Timers",
    intro: "Times that can be moved, that come again, that limit work. Guide: [timers](../timers.md).",
    names: list("Timer Ticker MissedTicks timeout"),
  },
  {
    file: "scopes.md",
    title: "Scopes and supervision",
    intro:
      "Fibers that end before whoever has started them, and work that is tried again. Guides: [scopes](../scopes.md), [supervision](../supervision.md).",
    names: list("Scope all map race any retry Schedule Supervisor Restart"),
  },
  {
    file: "network.md",
    title: "Network, input and output",
    intro:
      "Sockets, names, lines, output. Guides: [writing a server](../server.md), [using as-fibers](../using.md#tcp).",
    names: list(
      "TcpListener TcpStream UnixListener UnixStream SocketListener SocketStream UdpSocket lookup lookupOrError Reader LineReader Stdin print args",
    ),
  },
  {
    file: "host.md",
    title: "as-fibers",
    intro:
      "Loading programs, drivers, errors. Guides: [calling JavaScript](../calling-javascript.md), [drivers](../drivers.md), [deadlocks](../deadlocks.md).",
    entry: "dist/types/index.d.ts",
    first: list(`
      load LoadOptions ModuleSource App CallOptions currentSignal FibersError FiberError Frame Location FiberDescription
      Deadlock LeakPolicy nodeDriver NodeDriverOptions selectorDriver SelectorDriver SelectorDriverOptions virtualDriver
      VirtualDriver VirtualDriverOptions VirtualNetwork VirtualPort VirtualPeer Driver DriverSink Outcome
    `),
  },
  {
    file: "event-queue.md",
    title: "as-fibers/event-queue",
    intro: "The event queue of the operating system. Guide: [the event queue](../event-queue.md).",
    entry: "dist/types/event-queue/index.d.ts",
    first: list("EventQueue EventQueueOptions Events Event Interest Mode Token Source WOULD_BLOCK"),
  },
  {
    file: "testing.md",
    title: "as-fibers/testing",
    intro: "Simulated worlds, schedules, and the search through all of them. Guide: [testing](../testing.md).",
    entry: "dist/types/testing/index.d.ts",
    first: list(
      "simulate SimulateOptions Simulation explore ExploreOptions Exploration Finding Step TrialOptions shrinkRun ShrinkOptions Shrunk assertEverySchedule matchers",
    ),
  },
  {
    file: "wasi.md",
    title: "as-fibers/wasi",
    intro: "WASI preview 1 for any module. Guide: [fibers on any WASI host](../wasi.md).",
    entry: "dist/types/wasi/index.d.ts",
  },
  {
    file: "compiler.md",
    title: "as-fibers/compiler",
    intro: "asc with the transform, in memory.",
    entry: "dist/types/compile.d.ts",
    first: list("compile"),
  },
];
