/** What people read of fibers: a tree of them, with states, waits, places and stacks; and the circles in which they wait for each other. */
import { describeLocation, type Frame } from "./errors.ts";
import type { FiberFields, Reason } from "./fiber-records.ts";
import type { InspectedFiber, Inspection, Wait } from "./inspector.ts";

/** Lines that would be longer are broken where they can be. */
const WIDTH = 80;
/** A fiber deeper in the tree is not indented further. */
const MAX_DEPTH = 8;
const MAX_FRAMES = 12;
const MAX_HOLDERS = 3;
/** So many fibers that differ in nothing but their names are told in one entry. */
const MIN_GROUP = 4;

/** What the things are called that fibers wait for. */
const NOUNS: Partial<Record<Reason, string>> = {
  send: "channel",
  receive: "channel",
  select: "select",
  lock: "mutex",
  "read lock": "read-write lock",
  "write lock": "read-write lock",
  acquire: "semaphore",
  condition: "condition",
  "wait group": "wait group",
  barrier: "barrier",
  event: "event",
  once: "once",
  future: "future",
  broadcast: "receiver",
  watch: "observer",
  timer: "timer",
  ticker: "ticker",
  scope: "scope",
  start: "scope",
};

/** A fiber as reports name it. */
export function nameFiber({ id, name }: Pick<FiberFields, "id" | "name">): string {
  return name ? `fiber ${id} "${name}"` : `fiber ${id}`;
}

/** The tree of fibers: those of a scope below the one that has made it. */
export function describeFibers({ fibers, records }: Inspection): string {
  if (!fibers.length) return "no fibers";
  return new Tree(fibers, (scope) => records.ownerOfScope(scope)).lines().join("\n");
}

/** A circle of fibers that wait for each other, drawn as one. */
export function describeCircle(circle: FiberFields[], { fibers }: Inspection): string {
  const things = new Things(fibers);
  const firstWaits = new Map(fibers.map(({ fields, waits }) => [fields.pointer, waits[0]]));
  const lines = circle.flatMap((fiber, i) => {
    const edge = describeEdge(firstWaits.get(fiber.pointer), things);
    return [`${i === 0 ? "╭─▶" : "│  "} ${nameFiber(fiber)}`, `│      waits for ${edge}`];
  });
  return ["these fibers wait for each other in a circle:", ...lines, `╰── ${nameFiber(circle[0] as FiberFields)}`].join(
    "\n",
  );
}

/** The words before the name of the fiber that it waits for. */
function describeEdge(wait: Wait | undefined, things: Things): string {
  if (!wait || wait.reason === "join") return "the end of";
  if (wait.reason === "scope" || wait.reason === "start") return `${things.name(wait)}, in which is`;
  return `${things.name(wait)}, held by`;
}

/** Numbers the things that fibers wait for, in the order in which they are named first. */
class Things {
  readonly #numbers = new Map<number, number>();

  constructor(fibers: InspectedFiber[]) {
    const counts = new Map<string, number>();
    for (const { reason, object } of fibers.flatMap(({ waits }) => waits)) {
      const noun = NOUNS[reason];
      if (!object || !noun || this.#numbers.has(object)) continue;
      const number = (counts.get(noun) ?? 0) + 1;
      counts.set(noun, number);
      this.#numbers.set(object, number);
    }
  }

  name({ reason, object }: Wait): string {
    return `${NOUNS[reason]} ${this.#numbers.get(object)}`;
  }

  /** What a wait is for, in words; empty when its reason says all of it. */
  describe(wait: Wait): string {
    if (wait.handle !== undefined) return `socket ${wait.handle}`;
    if (!wait.object || !NOUNS[wait.reason]) return "";
    const holders = wait.holders.slice(0, MAX_HOLDERS).map(nameFiber);
    if (wait.holders.length > MAX_HOLDERS) holders.push(`${wait.holders.length - MAX_HOLDERS} more`);
    const made = wait.madeAt ? ` (${wait.madeAt})` : "";
    return this.name(wait) + made + (holders.length ? `, held by ${holders.join(", ")}` : "");
  }
}

/** The lines of one fiber: its name, what it does, and what there is to know more. */
interface Entry {
  fiber: InspectedFiber;
  state: string;
  details: string[];
}

class Tree {
  readonly #things: Things;
  readonly #children = new Map<number, InspectedFiber[]>();
  readonly #roots: InspectedFiber[] = [];

  constructor(fibers: InspectedFiber[], ownerOf: (scope: number) => number) {
    this.#things = new Things(fibers);
    const addresses = new Set(fibers.map(({ fields }) => fields.pointer));
    for (const fiber of fibers) {
      const owner = fiber.fields.scope ? ownerOf(fiber.fields.scope) : 0;
      if (!addresses.has(owner) || owner === fiber.fields.pointer) this.#roots.push(fiber);
      else if (this.#children.has(owner)) this.#children.get(owner)?.push(fiber);
      else this.#children.set(owner, [fiber]);
    }
  }

  lines(): string[] {
    const lines: string[] = [];
    const pending = [{ fibers: this.#roots, at: 0, depth: 0 }];
    for (let level = pending.at(-1); level; level = pending.at(-1)) {
      const { fibers, at, depth } = level;
      if (at >= fibers.length) {
        pending.pop();
        continue;
      }
      const group = this.#groupAt(fibers, at);
      level.at += group.length;
      lines.push(...this.#describe(group, Math.min(depth, MAX_DEPTH)));
      const children = this.#children.get(group[0]?.fiber.fields.pointer ?? 0);
      if (children) pending.push({ fibers: children, at: 0, depth: depth + 1 });
    }
    return lines;
  }

  /** The fiber at this place, and those after it that differ in nothing but their names, when these are many. */
  #groupAt(fibers: InspectedFiber[], at: number): Entry[] {
    const first = this.#entry(fibers[at] as InspectedFiber);
    const group = [first];
    if (this.#children.has(first.fiber.fields.pointer)) return group;
    for (let i = at + 1; i < fibers.length; i++) {
      const next = this.#entry(fibers[i] as InspectedFiber);
      if (this.#children.has(next.fiber.fields.pointer) || !isAlike(first, next)) break;
      group.push(next);
    }
    return group.length < MIN_GROUP ? [first] : group;
  }

  #entry(fiber: InspectedFiber): Entry {
    const { fields, frames, startedAt, waits, remaining } = fiber;
    const { state, reason, joins } = fields;
    const wait = reason === "join" ? `join of fiber ${joins}` : reason;
    const details = frames.slice(0, MAX_FRAMES).map(describeFrame);
    if (frames.length > MAX_FRAMES) details.push(`… ${frames.length - MAX_FRAMES} more`);
    details.push(...this.#describeWaits(fields, waits));
    if (remaining !== Infinity) details.push(`${describeTime(remaining)} left`);
    if (startedAt) details.push(`started at ${startedAt}`);
    return { fiber, state: wait ? `${state} (${wait})` : state, details };
  }

  #describeWaits({ reason }: FiberFields, waits: Wait[]): string[] {
    if (reason !== "select") return waits.map((wait) => this.#things.describe(wait)).flatMap(waitsFor);
    return waits.flatMap((wait) => {
      if (wait.reason === "sleep") return [];
      const thing = this.#things.describe(wait);
      return waitsFor(thing ? `${thing}: ${wait.reason}` : wait.reason);
    });
  }

  #describe(group: Entry[], depth: number): string[] {
    const [first] = group as [Entry];
    const indent = "  ".repeat(depth);
    const names = group.map(({ fiber }) => nameFiber(fiber.fields));
    const last = names.at(-1) ?? "";
    const who = group.length === 1 ? last : `${names[0]} to ${last} (${group.length.toLocaleString("en")} alike)`;
    return wrap([`${who}: ${first.state}`, ...first.details.map((detail) => `    ${detail}`)], indent);
  }
}

function isAlike(a: Entry, b: Entry): boolean {
  return (
    a.state === b.state && a.details.length === b.details.length && a.details.every((line, i) => line === b.details[i])
  );
}

function waitsFor(thing: string): string[] {
  return thing ? [`waits for ${thing}`] : [];
}

function describeFrame({ functionName, location }: Frame): string {
  return `at ${functionName} (${describeLocation(location)})`;
}

function describeTime(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.ceil(milliseconds)} ms`;
  if (milliseconds < 10_000) return `${(milliseconds / 1000).toFixed(1)} s`;
  if (milliseconds < 120_000) return `${Math.round(milliseconds / 1000)} s`;
  const minutes = milliseconds / 60_000;
  if (minutes < 120) return `${Math.round(minutes)} min`;
  return minutes < 2880 ? `${Math.round(minutes / 60)} h` : `${Math.round(minutes / 1440)} days`;
}

/** Breaks lines that are too long at ", " or " (". */
function wrap(lines: string[], indent: string): string[] {
  return lines.flatMap((line) => {
    const found: string[] = [];
    let rest = indent + line;
    const deeper = `${/^ */.exec(rest)?.[0] ?? ""}  `;
    while (rest.length > WIDTH) {
      const at = Math.max(rest.lastIndexOf(", ", WIDTH - 1) + 1, rest.lastIndexOf(" (", WIDTH));
      if (at <= deeper.length) break;
      found.push(rest.slice(0, at));
      rest = deeper + rest.slice(at).trimStart();
    }
    return [...found, rest];
  });
}
