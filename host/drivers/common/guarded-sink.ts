/** A sink that is not called any more once the driver is closed, whoever in it still wants to. */
import type { DriverSink } from "../../driver.ts";

export function guardedSink(sink: DriverSink, isClosed: () => boolean): DriverSink {
  return {
    complete(operation, outcome, detail) {
      if (!isClosed()) sink.complete(operation, outcome, detail);
    },
    turn() {
      if (!isClosed()) sink.turn();
    },
  };
}
