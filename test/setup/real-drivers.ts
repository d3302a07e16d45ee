/** The drivers over real sockets, by name, for workloads that run on each. */
import { type Driver, nodeDriver, selectorDriver } from "as-fibers";
import { type CLibrary, loadCLibrary } from "../../host/event-queue/c-library.ts";
import { availableBackEnds } from "../../host/event-queue/open-selector.ts";

export interface RealDriver {
  name: "node" | "epoll" | "poll";
  make(): Driver | Promise<Driver>;
}

export const realDrivers: readonly RealDriver[] = [
  { name: "node", make: () => nodeDriver() },
  { name: "epoll", make: () => selectorDriver({ backEnd: "epoll" }) },
  { name: "poll", make: () => selectorDriver({ backEnd: "poll" }) },
];

/** The C library; null without koffi. */
export const library: CLibrary | null = await loadCLibrary().catch(() => null);

export const backEnds = ["epoll", "poll"] as const;

/** Whether this system has it, and koffi is installed if it needs that. */
export function isHere(name: RealDriver["name"]): boolean {
  return name === "node" || (library !== null && availableBackEnds().includes(name));
}
