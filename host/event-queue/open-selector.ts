/** Opens a selector over this system's calls. */
import { fstatSync } from "node:fs";
import { FibersError } from "../errors.ts";
import { bindAlarmCalls } from "./alarm.ts";
import type { BackEnd, BackEndName } from "./back-end.ts";
import { type CLibrary, loadCLibrary, succeed, type Watch } from "./c-library.ts";
import { bindDescriptorCalls, type DescriptorCalls } from "./descriptor-calls.ts";
import { bindEpollCalls } from "./epoll-calls.ts";
import { Epoll } from "./epoll.ts";
import { Kqueue } from "./kqueue.ts";
import { bindKqueueCalls, layoutOf } from "./kqueue-calls.ts";
import type { WatchDescriptor } from "./loop-watch.ts";
import { bindPollCalls, type PollCalls } from "./poll-calls.ts";
import { Poll } from "./poll.ts";
import type { Registrations } from "./registrations.ts";
import { Selector } from "./selector.ts";
import { bindSocketCalls, type SocketCalls } from "./socket-calls.ts";

const LAST_STANDARD_STREAM = 2;

/** What `openSelector` takes. */
export interface SelectorOptions {
  /**
   * The system's queue that it uses. By default epoll on Linux, and poll elsewhere; kqueue has to be asked for, since it was tested over a
   * simulated kernel only.
   */
  backEnd?: BackEndName;
}

/** The back ends of this system, the default first. Windows has none: Node's own driver is the way there. */
export function availableBackEnds(): BackEndName[] {
  if (process.platform === "win32") return [];
  if (process.platform === "linux") return ["epoll", "poll"];
  return layoutOf(process.platform) ? ["poll", "kqueue"] : ["poll"];
}

/** The calls that programs with sockets of their own make. */
export type SystemCalls = DescriptorCalls & SocketCalls & PollCalls;

/** Opens a selector over this system's event queue. @throws E_NO_KOFFI; E_NO_BACK_END when this system does not have the one that is asked for; what the system says, EMFILE for instance */
export async function openSelector(options: SelectorOptions = {}): Promise<Selector> {
  return (await openSystem(options)).selector;
}

export interface SystemOptions extends SelectorOptions {
  /**
   * Nobody but who opens it watches the descriptors, except for the standard streams, and each is deregistered before it is closed. Then Node's
   * event loop can watch them without duplicates.
   */
  isOwner?: boolean;
}

/** Opens a selector, and gives this system's calls with it. @throws as `openSelector` */
export async function openSystem({ backEnd, isOwner = false }: SystemOptions = {}): Promise<{
  selector: Selector;
  calls: SystemCalls;
}> {
  const name = chooseBackEnd(backEnd);
  const library = await loadCLibrary();
  const descriptors = bindDescriptorCalls(library);
  const selector = new Selector({
    descriptors,
    makeBackEnd: (registrations) => makeBackEnd(name, library, descriptors, registrations),
    watch: name === "poll" ? watchEach(library, descriptors, isOwner) : (...what) => library.watch(...what),
    alarms: bindAlarmCalls(library),
    now: () => performance.now() * 1e6,
  });
  return { selector, calls: { ...descriptors, ...bindSocketCalls(library), ...bindPollCalls(library) } };
}

function chooseBackEnd(wanted: BackEndName | undefined): BackEndName {
  const available = availableBackEnds();
  const name = wanted ?? available[0];
  if (name !== undefined && available.includes(name)) return name;
  const way =
    available.length > 0
      ? `there is ${available.join(" and ")}`
      : "use the driver node, which waits by Node's own event loop";
  throw new FibersError("E_NO_BACK_END", `${name ?? "an event queue"} is not to be had on ${process.platform}: ${way}`);
}

function makeBackEnd(
  name: BackEndName,
  library: CLibrary,
  descriptors: DescriptorCalls,
  registrations: Registrations,
): BackEnd {
  if (name === "epoll") return new Epoll(bindEpollCalls(library), descriptors, registrations);
  if (name === "poll") return new Poll(bindPollCalls(library), descriptors);
  return new Kqueue(bindKqueueCalls(library), descriptors, registrations);
}

/** Of poll, Node's event loop watches each descriptor. */
function watchEach(library: CLibrary, calls: DescriptorCalls, isOwner: boolean): WatchDescriptor {
  const watchForeign = watchDuplicate(library, calls);
  if (!isOwner) return watchForeign;
  return (fd, ...what) => (fd <= LAST_STANDARD_STREAM ? watchForeign(fd, ...what) : library.watch(fd, ...what));
}

/** By a duplicate: the event loop would abort if a descriptor were closed under it, and refuses one that it watches already. */
export function watchDuplicate(library: CLibrary, { duplicate, close }: DescriptorCalls): WatchDescriptor {
  return (fd, directions, callback): Watch => {
    const own = succeed("dup", duplicate(fd));
    if (!canBeWatched(own)) {
      close(own);
      return watchReady(callback);
    }
    const watch = library.watch(own, directions, callback);
    return {
      setAlive: (isAlive) => watch.setAlive(isAlive),
      close() {
        watch.close();
        close(own);
      },
    };
  };
}

/** Not so regular files, of which poll(2) says that they are always ready. */
function canBeWatched(fd: number): boolean {
  const stat = fstatSync(fd);
  return !stat.isFile() && !stat.isDirectory();
}

/** Calls back again and again, as an event loop does for what is always ready. */
function watchReady(callback: () => void): Watch {
  const timer = setInterval(callback, 1);
  return {
    setAlive: (isAlive) => void (isAlive ? timer.ref() : timer.unref()),
    close: () => clearInterval(timer),
  };
}
