/** The drivers over real sockets, by name, for workloads that run on each. */
import { type Driver, nodeDriver, selectorDriver } from "as-fibers";
import { loadCLibrary } from "../../host/event-queue/c-library.ts";
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

const hasLibrary = await loadCLibrary().then(
  () => true,
  () => false,
);

/** Whether this system has it, and koffi is installed if it needs that. */
export function isHere({ name }: RealDriver): boolean {
  return name === "node" || (hasLibrary && availableBackEnds().includes(name));
}
