/** Random programs over pipes: every back end tells what the model of the contract says. */
import {
  array,
  assert,
  asyncProperty,
  boolean,
  constant,
  constantFrom,
  integer,
  nat,
  oneof,
  record,
  type Arbitrary,
} from "fast-check";
import { describe, expect } from "vitest";
import { SelectorModel } from "./selector-model.ts";
import { codeOf, look, READABLE } from "./setup.ts";
import { needing, type Scene, type World, worlds } from "./world.ts";
import type { Mode } from "../../host/event-queue/interest.ts";

const PIPES = 4;
const pipe = nat(PIPES - 1);
const mode = constantFrom<Mode>(0, 1, 2);
const count = integer({ min: 1, max: 5 });

const step = oneof(
  { weight: 3, arbitrary: record({ verb: constant("register" as const), pipe, mode }) },
  { weight: 2, arbitrary: record({ verb: constant("modify" as const), pipe, mode }) },
  { weight: 1, arbitrary: record({ verb: constant("deregister" as const), pipe }) },
  { weight: 4, arbitrary: record({ verb: constant("write" as const), pipe, count }) },
  { weight: 2, arbitrary: record({ verb: constant("read" as const), pipe, count }) },
  { weight: 2, arbitrary: record({ verb: constant("drain" as const), pipe }) },
  { weight: 1, arbitrary: record({ verb: constant("hangUp" as const), pipe }) },
  { weight: 1, arbitrary: record({ verb: constant("replace" as const), pipe, isDeregistered: boolean() }) },
  { weight: 6, arbitrary: record({ verb: constant("look" as const) }) },
);
type Step = typeof step extends Arbitrary<infer T> ? T : never;

class Run {
  readonly #model = new SelectorModel(PIPES);
  readonly #ends: [number, number][];
  /** Closed without deregistering them. */
  readonly #left = new Set<number>();
  #token = 0;

  constructor(readonly scene: Scene) {
    this.#ends = Array.from({ length: PIPES }, () => scene.pipe());
  }

  take(what: Step): void {
    if (what.verb === "look") this.#look();
    else if (what.verb === "replace") this.#replace(what.pipe, what.isDeregistered);
    else if (what.verb === "register" || what.verb === "modify") this.#arm(what.verb, what.pipe, what.mode);
    else if (what.verb === "deregister") this.#deregister(what.pipe);
    else this.#transfer(what);
  }

  #look(): void {
    const told = look(this.scene);
    const { due, possible } = this.#model.expected();
    expect(
      due.filter((event) => !told.includes(event)),
      `of ${told.join()} missing`,
    ).toEqual([]);
    expect(
      told.filter((event) => !possible.includes(event)),
      "not to be told",
    ).toEqual([]);
    expect(new Set(told).size).toBe(told.length);
    this.#model.told(told);
  }

  #arm(verb: "register" | "modify", index: number, wanted: Mode): void {
    const [reading] = this.#end(index);
    const state = this.#state(index);
    const code = { register: ["none", "E_ALREADY_REGISTERED"], modify: ["E_NOT_REGISTERED", "none"] }[verb];
    const token = ++this.#token;
    expect(codeOf(() => this.scene.selector[verb](reading, token, READABLE, wanted))).toBe(
      code[Number(state.isRegistered)],
    );
    if (state.isRegistered !== (verb === "modify")) return;
    this.#model.arm(state, token, wanted);
    this.#left.delete(reading);
  }

  #deregister(index: number): void {
    const state = this.#state(index);
    const expected = state.isRegistered || state.isLeft ? "none" : "E_NOT_REGISTERED";
    expect(codeOf(() => this.scene.selector.deregister(this.#end(index)[0]))).toBe(expected);
    Object.assign(state, { isRegistered: false, isLeft: false });
    this.#left.delete(this.#end(index)[0]);
  }

  /** Another pipe, which most often has the old one's numbers. */
  #replace(index: number, isDeregistered: boolean): void {
    const [reading, writing] = this.#end(index);
    const { isRegistered, isLeft, isHungUp } = this.#state(index);
    if (isDeregistered && (isRegistered || isLeft)) this.#deregister(index);
    else if (isRegistered) this.#left.add(reading);
    this.scene.close(reading);
    if (!isHungUp) this.scene.close(writing);
    this.#ends[index] = this.scene.pipe();
    this.#model.replace(index, this.#left.has(this.#end(index)[0]));
  }

  #transfer(what: Extract<Step, { verb: "write" | "read" | "drain" | "hangUp" }>): void {
    const [reading, writing] = this.#end(what.pipe);
    const state = this.#state(what.pipe);
    if (what.verb === "drain") expect(this.scene.drain(reading)).toBe(this.#model.drain(state));
    else if (what.verb === "read") {
      const length = this.#model.read(state, what.count);
      if (length > 0) expect(this.scene.calls.read(reading, new Uint8Array(length))).toBe(length);
    } else if (state.isHungUp) return;
    else if (what.verb === "write") {
      this.scene.write(writing, what.count);
      this.#model.write(state, what.count);
    } else {
      this.scene.close(writing);
      this.#model.hangUp(state);
    }
  }

  #end(index: number): [number, number] {
    return this.#ends[index] as [number, number];
  }

  #state(index: number): SelectorModel["pipes"][number] {
    return this.#model.pipes[index] as SelectorModel["pipes"][number];
  }
}

async function check(world: World, steps: Step[]): Promise<void> {
  const scene = await world.open();
  try {
    const run = new Run(scene);
    for (const what of steps) run.take(what);
    run.take({ verb: "look" });
  } finally {
    scene.end();
  }
}

describe.each(worlds)("points 1, 2, 3, 4, 5, 6 and 12 on $name", (world) => {
  needing(world)("random programs", async () => {
    const programs = array(step, { minLength: 40, maxLength: 120, size: "max" });
    await assert(
      asyncProperty(programs, (steps) => check(world, steps)),
      { numRuns: 60, seed: 7 },
    );
  });
});
