/** `Life`: how far an instance has come, and what it says when it takes no more calls. */
import { FibersError } from "./errors.ts";

export type State = "new" | "open" | "closing" | "closed" | "dead";

export class Life {
  state: State = "new";
  /** What it has died of. */
  death: FibersError | undefined;

  /** Whether the guest must not be entered any more. */
  get isOver(): boolean {
    return this.state === "closed" || this.state === "dead";
  }

  /** Whether there are fibers that can be looked at. */
  get isInspectable(): boolean {
    return this.state === "open" || this.state === "closing";
  }

  /** The error for who calls it nevertheless. */
  refusal(): FibersError {
    if (this.state === "dead" && this.death) return this.death;
    return new FibersError("E_INSTANCE_CLOSED", "this instance is closed: load the module again");
  }
}

/** The error for a call that was pending when the instance was closed. */
export function closedError(cause?: Error): FibersError {
  const message = "the instance was closed while this call was pending";
  return new FibersError("E_INSTANCE_CLOSED", message, cause ? { cause } : {});
}
