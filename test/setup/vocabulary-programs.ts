/**
 * Random programs for the guest `vocabulary-programs`; what each must do says the model in vocabulary-model.ts.
 *
 * A program is a text, its parts separated by " | ": first what is shared, then a script for each fiber 1, 2 …, instructions separated
 * by ", ". Shared are two channels, two mutexes, a condition, a semaphore and an event. "1b 2o 3": channel 0 has capacity 1, channel 1
 * has capacity 2, and there are 3 permits. The letter says what a send does when the channel is full: b it waits; o drops the oldest
 * value; n drops its own; l keeps the latest. All fibers are started in their order.
 *
 *     send 0   trySend 0   receive 0   next 0   tryNext 0   close 0      on channel 0
 *     lock 0   tryLock 0   unlock 0    clear 0                           on mutex 0; the last one clears the mark of being abandoned
 *     with 0 send 1            an instruction as the owner of mutex 0
 *     wait 0   wait 0 3        for the condition, with mutex 0; for at most 3 half milliseconds
 *     signal   broadcast       the condition
 *     acquire 2   tryAcquire 2   release 2   withPermits 2 send 1        on the semaphore
 *     event   tryEvent   set   reset                                     on the event
 *     select receive:0 send:1  waits for one of up to three cases, the first of those that are ready; send:2 is a null channel.
 *                              Cases: receive:0  send:0  timeout:3  join:2  lock:0  acquire:2  event
 *     selectAny   poll   pollAny                                         a random one of those that are ready; without waiting
 *     again                    waits once more in the last select, with the values that it had
 *     sleep 3   yield          half milliseconds
 *     spawn 2                  starts one more fiber with script 2; only scripts after one's own, and not too many
 *     cancel 2   join 2        fiber 2, modulo their number; may be oneself
 *     times 3 send 1           an instruction so many times
 *     defer unlock 0           an instruction when the fiber ends
 *     fail                     with E_PROGRAM
 *     look                     the state of everything
 *     garbage   collect        work for the collector
 *
 * The n-th value that fiber f sends is f.n. At a standstill it is told who waits for what. Then the fibers that are left are cancelled,
 * in their order; at the next standstill the channels are closed, the event is set, the condition broadcast, and many permits are
 * released; so on until all have ended. A cleanup never waits for a mutex, so that they do.
 */
import * as fc from "fast-check";

const either = fc.constantFrom("0", "1");
const oneOf = fc.constantFrom;

/** Several words, one after the other. */
function words(...parts: (string | fc.Arbitrary<string>)[]): fc.Arbitrary<string> {
  const list = parts.map((part) => (typeof part === "string" ? fc.constant(part) : part));
  return fc.tuple(...list).map((texts) => texts.join(" "));
}

/** Several instructions, one after the other. */
function rows(...parts: (string | fc.Arbitrary<string>)[]): fc.Arbitrary<string> {
  const list = parts.map((part) => (typeof part === "string" ? fc.constant(part) : part));
  return fc.tuple(...list).map((texts) => texts.join(", "));
}

function weighted(...parts: [number, fc.Arbitrary<string>][]): fc.Arbitrary<string> {
  return fc.oneof(...parts.map(([weight, arbitrary]) => ({ weight, arbitrary })));
}

const onChannel = words(oneOf("send", "send", "send", "receive", "next", "next", "trySend", "tryNext"), either);
const permits = oneOf("1", "1", "2", "3");
const fiber = oneOf("1", "2", "3", "4", "5");
const time = oneOf("1", "2", "2", "4");

const theCase = weighted(
  [8, fc.tuple(oneOf("receive", "send"), oneOf("0", "0", "1", "1", "2")).map((texts) => texts.join(":"))],
  [3, oneOf("0", "1", "2", "2", "3").map((halves) => `timeout:${halves}`)],
  [2, either.map((index) => `lock:${index}`)],
  [2, permits.map((count) => `acquire:${count}`)],
  [1, oneOf("event")],
  [1, fiber.map((number) => `join:${number}`)],
);
const cases = fc.array(theCase, { minLength: 1, maxLength: 3, size: "max" }).map((texts) => texts.join(" "));
const select = words(oneOf("select", "select", "selectAny", "selectAny", "selectAny", "poll", "pollAny"), cases);
const selects = weighted([5, select], [1, rows(select, "again")]);

/** What never waits for a mutex, and can be done at any time. */
const simple = weighted(
  [10, onChannel],
  [4, oneOf("yield", "yield", "signal", "broadcast", "set", "event", "look")],
  [2, words("sleep", time)],
);

const signalling = oneOf("signal", "signal", "broadcast");
const waiting = weighted([2, oneOf("yield")], [2, words("sleep", time)], [1, simple]);
const locked = weighted(
  [3, words("with", either, weighted([2, waiting], [1, simple], [1, select], [1, signalling]))],
  [3, either.chain((index) => rows(`lock ${index}`, waiting, `unlock ${index}`))],
  [3, either.chain((index) => words("with", oneOf(index), "wait", oneOf(index), oneOf("1", "3")))],
  [3, either.chain((index) => words("with", oneOf(index), "wait", oneOf(index)))],
  [1, either.chain((index) => rows(`lock ${index}`, `defer unlock ${index}`, waiting))],
  [2, words(oneOf("lock", "tryLock", "unlock", "unlock", "wait"), either)],
);
const counted = weighted(
  [3, words("withPermits", permits, waiting)],
  [3, words(oneOf("acquire", "tryAcquire"), permits)],
  [3, words("release", permits)],
);
const deferred = weighted(
  [4, simple],
  [1, words("unlock", either)],
  [1, words("release", permits)],
  [1, words("wait", either)],
  [1, words("close", either)],
);
const others = weighted(
  [4, words("cancel", fiber)],
  [2, words("spawn", oneOf("2", "3", "4"))],
  [1, words("join", fiber)],
  [3, words("defer", deferred)],
  [2, words("times", oneOf("2", "3", "4"), weighted([2, onChannel], [1, select], [1, locked.filter(isOne)]))],
  [2, oneOf("set", "reset", "tryEvent", "event")],
  [2, oneOf("garbage", "collect")],
  [1, words(oneOf("close", "close", "clear"), either)],
  [1, oneOf("fail", "acquire 0", "release 0")],
);

/** Only a single instruction can be repeated. */
function isOne(text: string): boolean {
  return !text.includes(",");
}

const instruction = weighted([8, simple], [6, selects], [5, locked], [1, signalling], [3, counted], [6, others]);
const script = fc.array(instruction, { minLength: 1, maxLength: 9, size: "max" }).map((texts) => texts.join(", "));
const scripts = fc.array(script, { minLength: 2, maxLength: 6, size: "max" });
const channel = oneOf("0b", "0b", "1b", "1b", "2b", "1o", "2n", "1l");

/** Text of a random program. */
export function arbitraryVocabularyProgram(): fc.Arbitrary<string> {
  const shared = words(channel, channel, oneOf("0", "1", "2", "3"));
  return fc.tuple(shared, scripts).map(([first, bodies]) => [first, ...bodies].join(" | "));
}
