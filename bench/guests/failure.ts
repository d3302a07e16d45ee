/** Fibers that fail, and whose failure is looked at. */
import { fail, go, monotonicNow } from "as-fibers/assembly";

function refuse(_: i32): void {
  fail("the request was refused", "E_REFUSED");
}

/** Nanoseconds per failing fiber; -1 when a failure was not seen. */
export function failing(count: i32): f64 {
  let seen = 0;
  const begin = monotonicNow();
  for (let i = 0; i < count; i++) {
    const fiber = go(refuse, i);
    if (fiber.tryJoin()) continue;
    const error = fiber.error;
    if (error && error.code == "E_REFUSED") seen++;
  }
  const end = monotonicNow();
  return seen == count ? <f64>(end - begin) / <f64>count : -1;
}
