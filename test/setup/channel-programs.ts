/**
 * Random programs for the guest `channel-programs`; what each must do says the model in channel-model.ts.
 *
 * A program is a text, its parts separated by " | ": the capacities of the three channels 0, 1 and 2, then a script for each fiber 1, 2 …,
 * instructions separated by ", ". All fibers are started in their order.
 *
 *     send 1     trySend 1     receive 1     next 1     tryNext 1     value 1     close 1     on channel 1; what it gives is logged
 *     look 1                   length, capacity and whether it is closed
 *     yield                    let the others run
 *     cancel 2                 cancel fiber 2, modulo their number; may be oneself
 *     times 3 send 1           an instruction so many times
 *     defer close 1            an instruction when the fiber ends
 *     garbage, collect         work for the collector
 *
 * The n-th value that fiber f sends is logged as f.n, in channel 2 every fourth as null. At a standstill the fibers that are left are
 * cancelled, in their order; at the next one the channels are closed, and in the end what is still in them is taken out.
 */
import * as fc from "fast-check";

/** An instruction whose channel is still open: most of a program's are for the same one, so that its fibers meet. */
type Instruction = (favourite: number) => string;

/** Text of a random program. */
export function arbitraryChannelProgram(): fc.Arbitrary<string> {
  const verb = fc.oneof(
    { weight: 30, arbitrary: fc.constantFrom("send", "receive", "next") },
    { weight: 15, arbitrary: fc.constantFrom("trySend", "tryNext", "look") },
    { weight: 1, arbitrary: fc.constantFrom("value", "close") },
  );
  const offset = fc.constantFrom(0, 0, 0, 0, 0, 0, 1, 2);
  const on =
    (name: string, by: number): Instruction =>
    (favourite) =>
      `${name} ${(favourite + by) % 3}`;
  const onChannel = fc.tuple(verb, offset).map(([name, by]) => on(name, by));
  const taken = offset.map(
    (by): Instruction =>
      (favourite) =>
        `${on("next", by)(favourite)}, garbage, ${on("value", by)(favourite)}`,
  );
  const repeated = fc.tuple(fc.integer({ min: 2, max: 12 }), onChannel).map(
    ([times, what]): Instruction =>
      (favourite) =>
        `times ${times} ${what(favourite)}`,
  );
  const plain = (text: fc.Arbitrary<string>) =>
    text.map(
      (words): Instruction =>
        () =>
          words,
    );
  const instruction = fc.oneof(
    { weight: 40, arbitrary: onChannel },
    { weight: 12, arbitrary: repeated },
    { weight: 3, arbitrary: taken },
    { weight: 12, arbitrary: plain(fc.constant("yield")) },
    { weight: 3, arbitrary: plain(fc.integer({ min: 1, max: 8 }).map((index) => `cancel ${index}`)) },
    {
      weight: 3,
      arbitrary: onChannel.map(
        (what): Instruction =>
          (favourite) =>
            `defer ${what(favourite)}`,
      ),
    },
    { weight: 6, arbitrary: plain(fc.constantFrom("garbage", "collect")) },
  );
  const script = fc.array(instruction, { minLength: 1, maxLength: 12, size: "max" });
  const scripts = fc.array(script, { minLength: 2, maxLength: 7, size: "max" });
  const capacity = fc.constantFrom(0, 0, 1, 2, 3, 9, 20);
  return fc
    .tuple(fc.tuple(capacity, capacity, capacity), fc.nat({ max: 2 }), scripts)
    .map(([capacities, favourite, bodies]) =>
      [capacities.join(" "), ...bodies.map((body) => body.map((of) => of(favourite)).join(", "))].join(" | "),
    );
}
