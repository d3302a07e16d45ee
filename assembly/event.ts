/** `Event`: something that happens once, for all who wait for it. */
import { suspend } from "./context";
import { indexOf, Reason } from "./record";
import { caseAt, setCase } from "./select-case";
import { Site } from "./site";
import { beginWait, wakeAll } from "./waiting";

/** Lets any number of fibers wait until it is set. */
export class Event {
  private waiters: usize = 0;
  private happened: bool = false;
  private site: Site;

  constructor(site: Site = 0) {
    this.site = site;
  }

  /** Waits until it is set; does not wait when it is. */
  wait(): void {
    if (!this.happened && beginWait(changetype<usize>(this), Reason.EVENT, changetype<usize>(this))) suspend();
  }

  /** Whether `wait` would not wait. */
  tryWait(): bool {
    return this.happened;
  }

  /** Wakes all fibers that wait, in the order in which they came; from now on nobody waits. */
  set(): void {
    this.happened = true;
    wakeAll(changetype<usize>(this));
  }

  /** Fibers wait again from now on. Those that were woken go on. */
  reset(): void {
    this.happened = false;
  }

  /** Whether it is set. */
  get isSet(): bool {
    return this.happened;
  }
}

/** Makes a case of a `Select` of its being set. */
export function selectEvent(at: usize, event: usize): usize {
  return setCase(at, Reason.EVENT, event, event, indexOf(changetype<usize>(isEventSet)), 0, 0);
}

function isEventSet(at: usize): bool {
  return changetype<Event>(caseAt(at).object).isSet;
}
