/** What must be true of all that a program of the guest `scope-programs` tells. */
import assert from "node:assert/strict";

/** A line of what a fiber has done. */
interface Event {
  at: number;
  time: number;
  fiber: number;
  verb: string;
  values: number[];
}

/** How a fiber has ended. */
interface End {
  state: string;
  code: string;
  cause: string;
}

/** What was told, by who and what it is about. */
interface Story {
  events: Event[];
  of: Map<number, Event[]>;
  ends: Map<number, End>;
  /** The scope of each fiber that was started. */
  scopeOf: Map<number, number>;
  /** The failures that a scope has kept: the first, then the latest first. */
  failures: number[][];
  owners: number[];
  left: string;
}

/** @throws when something cannot be */
export function checkScopes(told: string): void {
  const story = read(told);
  assert.equal(story.left, "0 0", "fibers and timers that are left");
  for (const fiber of story.of.keys()) {
    checkCleanups(story, fiber);
    checkTimes(story, fiber);
    checkEnd(story, fiber);
    checkStrikes(story, fiber);
  }
  for (const fiber of story.ends.keys())
    if (!story.of.has(fiber)) assert.equal(story.ends.get(fiber)?.state, "cancelled");
  for (let scope = 0; scope < story.owners.length; scope++) {
    checkFailures(story, scope);
    checkLimit(story, scope);
    checkWait(story, scope);
  }
}

function read(told: string): Story {
  const story: Story = {
    events: [],
    of: new Map(),
    ends: new Map(),
    scopeOf: new Map(),
    failures: [],
    owners: [],
    left: "",
  };
  for (const line of told.split("\n")) {
    const [first = "", second = "", verb = "", ...rest] = line.split(" ");
    const values = rest.map(Number);
    if (first === "end") story.ends.set(Number(second), { state: verb, code: rest[0] ?? "", cause: rest[1] ?? "-" });
    else if (first === "failures") story.failures.push(line.split(" ").slice(2).map(Number));
    else if (first === "left") story.left = `${second} ${verb}`;
    else {
      const event = { at: story.events.length, time: Number(first), fiber: Number(second), verb, values };
      story.events.push(event);
      const mine = story.of.get(event.fiber);
      if (mine) mine.push(event);
      else story.of.set(event.fiber, [event]);
      if (verb === "opens") story.owners.push(event.fiber);
      if (verb === "starts") story.scopeOf.set(values[0] ?? -1, values[1] ?? -1);
    }
  }
  return story;
}

function eventsOf(story: Story, fiber: number): Event[] {
  return story.of.get(fiber) ?? [];
}

function lastOf(story: Story, fiber: number): Event | undefined {
  return eventsOf(story, fiber).at(-1);
}

function fibersOf(story: Story, scope: number): number[] {
  return [...story.scopeOf].filter(([fiber, own]) => own === scope && story.ends.has(fiber)).map(([fiber]) => fiber);
}

function isCleaning({ verb }: Event): boolean {
  return verb === "cleans" || verb === "ends";
}

/** What it has done before its cleanups. */
function stepsOf(story: Story, fiber: number): Event[] {
  const events = eventsOf(story, fiber);
  const first = events.findIndex(isCleaning);
  return first < 0 ? events : events.slice(0, first);
}

/** Each cleanup once, last first; none before what was opened after it has ended. */
function checkCleanups(story: Story, fiber: number): void {
  const events = eventsOf(story, fiber);
  const numbers = (verb: string) => events.filter((event) => event.verb === verb).map(({ values }) => values[0]);
  assert.deepEqual(numbers("cleans"), numbers("defers").toReversed(), `cleanups of fiber ${fiber}`);
  for (const { verb, values } of events) {
    if (verb === "cleans") assert.equal(values[1], 0, `fibers outlive a scope that fiber ${fiber} has left`);
  }
  const hasBottom = events.some(({ verb }) => verb === "opens" || verb === "defers");
  assert.deepEqual(numbers("ends"), hasBottom ? [0] : [], `the end of fiber ${fiber}`);
  if (hasBottom) assert.equal(events.at(-1)?.verb, "ends");
}

/** A sleep that was not cancelled takes its time, and in cleanups always. */
function checkTimes(story: Story, fiber: number): void {
  const events = eventsOf(story, fiber);
  for (const [index, { verb, time, values }] of events.entries()) {
    const next = events[index + 1];
    if (verb === "sleeps" && next?.verb === "slept")
      assert.equal(next.time, time + (values[0] ?? 0), `sleep of ${fiber}`);
    if (verb === "cleans" && values[2] !== -1) {
      assert(next?.verb === "cleaned" || next?.verb === "breaks", `a cleanup of fiber ${fiber} was interrupted`);
      assert.equal(next.time, time + (values[2] ?? 0), `cleanup of fiber ${fiber}`);
    }
  }
}

/** It has ended as its last step says, unless it was cancelled. */
function checkEnd(story: Story, fiber: number): void {
  const { state, code, cause } = story.ends.get(fiber) as End;
  const events = eventsOf(story, fiber);
  const last = stepsOf(story, fiber).at(-1) as Event;
  const scope = last.values[0] ?? -1;
  if (last.verb === "fails") assert.deepEqual([state, code], ["failed", "E_PROGRAM"], `end of fiber ${fiber}`);
  else if (last.verb === "returns") {
    const cleaning = events.slice(events.indexOf(last));
    const broken = cleaning.some(({ verb }) => verb === "breaks");
    const waits = cleaning.filter(({ verb }) => verb === "waits").map(({ values }) => values[0] ?? -1);
    const fails = broken || waits.some((own) => story.failures[own]?.length);
    assert.equal(state, fails ? "failed" : "done", `end of fiber ${fiber}`);
  } else if (state === "failed" && last.verb === "waits") {
    const first = story.failures[scope]?.[0] ?? -1;
    assert.deepEqual([code, cause], [story.ends.get(first)?.code, `${first}`], `failure of fiber ${fiber}`);
  } else if (state === "failed") {
    assert.deepEqual([last.verb, code], ["starts", "E_SCOPE_CLOSED"], `end of fiber ${fiber}`);
  } else assert.equal(state, "cancelled", `end of fiber ${fiber}`);
}

/** Once it was cancelled, it does no more than what it is shielded for, and its cleanups begin at once. */
function checkStrikes(story: Story, fiber: number): void {
  const scope = story.scopeOf.get(fiber) ?? -1;
  const first = story.failures[scope]?.[0];
  const strikes = story.events.filter(
    ({ verb, values }) => (verb === "cancels" && values[0] === scope) || (verb === "strikes" && values[0] === fiber),
  );
  const failing = first === undefined || first === fiber ? undefined : lastOf(story, first);
  if (failing) strikes.push(failing);
  for (const { at, time } of strikes) checkStrike(story, fiber, time, (event) => event.at > at);
  for (const { verb, values, time } of story.events) {
    const until = time + (values[1] ?? 0);
    if (verb === "limits" && values[0] === scope) checkStrike(story, fiber, until, (event) => event.time > until);
  }
}

function checkStrike(story: Story, fiber: number, time: number, isLater: (event: Event) => boolean): void {
  const steps = stepsOf(story, fiber);
  const first = steps.findIndex(isLater);
  const before = first < 0 ? steps : steps.slice(0, first);
  const isShielded = before.findLast(({ verb }) => verb === "shields" || verb === "unshields")?.verb === "shields";
  if (first >= 0) {
    const last = steps.findIndex(({ verb }, index) => index >= first && verb === "unshields");
    const goesOn = !isShielded || (last >= 0 && last < steps.length - 1);
    assert(!goesOn, `fiber ${fiber} goes on though it was cancelled`);
    return;
  }
  const cleaning = eventsOf(story, fiber)[steps.length];
  // A scope that it leaves ends before, and may take its time.
  const isFirst = steps.findLast(({ verb }) => verb === "opens" || verb === "defers")?.verb === "defers";
  if (!cleaning || !isFirst || isShielded || !isLater(cleaning)) return;
  assert.equal(cleaning.time, time, `cancelled fiber ${fiber} begins its cleanups`);
}

/** The failure of a scope is that of the fiber that has ended first of those that failed. */
function checkFailures(story: Story, scope: number): void {
  const failed = fibersOf(story, scope)
    .filter((fiber) => story.ends.get(fiber)?.state === "failed")
    .map((fiber) => lastOf(story, fiber) as Event)
    .toSorted((a, b) => a.at - b.at)
    .map(({ fiber }) => fiber);
  assert.deepEqual(story.failures[scope], [...failed.slice(0, 1), ...failed.slice(1).toReversed()], `scope ${scope}`);
}

/** Its fibers begin in their order, and no more run at once than its limit. */
function checkLimit(story: Story, scope: number): void {
  const fibers = fibersOf(story, scope);
  const begins = fibers.flatMap((fiber) => eventsOf(story, fiber).slice(0, 1));
  assert.deepEqual(
    begins,
    begins.toSorted((a, b) => a.at - b.at),
    `order of scope ${scope}`,
  );
  const limit = story.events.find(({ verb, values }) => verb === "opens" && values[0] === scope)?.values[1];
  if (!limit) return;
  for (const { at } of begins) {
    const running = begins.filter((other) => other.at <= at && (lastOf(story, other.fiber)?.at ?? 0) >= at);
    assert(running.length <= limit, `${running.length} fibers of scope ${scope} run at once`);
  }
}

/** It is waited for as long as its fibers run, all that is below them included, and no longer. */
function checkWait(story: Story, scope: number): void {
  const about = story.events.filter(({ values }) => values[0] === scope);
  const waits = about.find(({ verb }) => verb === "waits" || verb === "tries");
  const waited = about.find(({ verb }) => verb === "waited");
  if (!waits || !waited) return;
  assert.equal(waited.values[1], 0, `fibers outlive scope ${scope}`);
  if (waits.verb === "waits") assert.deepEqual(story.failures[scope], [], `scope ${scope} has not told its failure`);
  const fibers = fibersOf(story, scope);
  const lasts = fibers.flatMap((fiber) => lastOf(story, fiber) ?? []);
  for (const { at } of lasts) assert(at < waited.at, `a fiber of scope ${scope} goes on`);
  if (lasts.length < fibers.length || !lasts.every(({ verb }) => /^(ends|returns|fails)$/.test(verb))) return;
  assert.equal(waited.time, Math.max(waits.time, ...lasts.map(({ time }) => time)), `the end of scope ${scope}`);
}
