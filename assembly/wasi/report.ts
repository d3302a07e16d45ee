/** What a program that has no JavaScript host says on standard error: failures with their causes, and what every fiber waits for. */
import { Failure } from "../failure";
import { firstFiber } from "../fiber-list";
import { Reason, Record, record, State } from "../record";

/** A failure: code, message, fiber; then its causes, a line each. */
export function describeFailure(failure: Failure): string {
  let text = headline(failure.code, failure.message) + `  in fiber ${nameOf(failure.fiberName, failure.fiberId)}\n`;
  let cause = failure.cause;
  while (cause) {
    const what = cause.code == "E_CANCELLED" ? "was cancelled" : "failed";
    text += `  because fiber ${nameOf(cause.fiberName, cause.fiberId)} ${what}: ${ownMessage(cause)}\n`;
    cause = cause.cause;
  }
  return text;
}

/** The message without that of its own cause, which has a line of its own. */
function ownMessage(failure: Failure): string {
  const cause = failure.cause;
  if (cause === null) return failure.message;
  const rest = ": " + cause.message;
  return failure.message.endsWith(rest) ? failure.message.slice(0, -rest.length) : failure.message;
}

/** The first line of a report. */
export function headline(code: string, message: string): string {
  return `✘ ${code} ${message}\n`;
}

/** The fiber as reports name it. */
export function describeFiber(f: Record): string {
  return nameOf(changetype<string>(f.name), f.id);
}

/** Every fiber that has not ended, a line each: what it does, and what it waits for. */
export function describeFibers(): string {
  let text = "";
  for (let fiber = firstFiber(); fiber; fiber = record(fiber).nextFiber) {
    const f = record(fiber);
    if (f.state >= State.DONE) continue;
    const name = changetype<string>(f.name);
    text += name.length ? `  fiber ${f.id} "${name}": ` : `  fiber ${f.id}: `;
    text +=
      f.state == State.PARKED ? `parked (${describeWait(f)})\n` : f.state == State.READY ? "ready\n" : "running\n";
  }
  return text;
}

function nameOf(name: string, id: i64): string {
  return name.length ? `"${name}" (${id})` : id.toString();
}

/** What `host/abi.ts` calls the reasons, in their order. */
const REASONS: StaticArray<string> = [
  "",
  "sleep",
  "join",
  "output",
  "send",
  "receive",
  "listen",
  "accept",
  "connect",
  "read",
  "write",
  "lookup",
  "select",
  "lock",
  "read lock",
  "write lock",
  "acquire",
  "condition",
  "wait group",
  "barrier",
  "event",
  "once",
  "future",
  "broadcast",
  "watch",
  "timer",
  "ticker",
  "scope",
  "start",
  "import",
  "demand",
];

function describeWait(f: Record): string {
  const reason = REASONS[f.reason];
  return f.reason == Reason.JOIN ? `${reason} of fiber ${record(f.object).id}` : reason;
}
