/** Values of all types across the border, by the lifting and lowering that the compiler has written for this module. */
import { GIVE_ITEM_PREFIX, type GuestExports } from "../abi.ts";
import { Entries, type EntryFunction } from "../entries.ts";
import { FibersError } from "../errors.ts";
import type { ExportDescription, ImportDescription, SectionContent } from "../section.ts";
import { checkCount, type Values, wrongResult } from "../values.ts";
import { findMismatch, isPlainMatch, type ShapeRules } from "./check.ts";
import { type ChannelShape, isChannel, type Shape } from "./shape.ts";
import type { ItemValues, Streams } from "./streams.ts";

/** The module's exports, lifted and lowered. */
export type AdaptedExports = Record<string, EntryFunction<unknown>>;

export class LiftedValues implements Values, ItemValues {
  #entries!: Entries<unknown>;
  #exports!: AdaptedExports;
  readonly #streams: Streams;
  /** The class of each object of the guest that JavaScript has been given: lowering one in place of another would not be noticed. */
  readonly #classes = new WeakMap<object, string>();
  readonly #rules: ShapeRules;
  /** Of the exports that cannot be called: why. */
  readonly #unsupported = new Map<ExportDescription, string>();

  constructor({ exports, records = {} }: SectionContent, streams: Streams) {
    this.#streams = streams;
    this.#rules = { records, classOf: (value) => this.#classes.get(value) };
    for (const description of exports) {
      const types = findUnsupported(description);
      if (types !== undefined) this.#unsupported.set(description, types);
    }
  }

  attach(_guest: GuestExports): void {}

  /** The functions that the compiler's text has made, once the instance is there. */
  adapt(exports: AdaptedExports): void {
    this.#exports = exports;
    this.#entries = new Entries(exports);
  }

  check(description: ExportDescription, values: unknown[]): void {
    const { name, parameters, shapes } = description;
    if (this.#unsupported.size && this.#unsupported.has(description)) {
      const message = `${name} cannot be called: no value of JavaScript stands for ${this.#unsupported.get(description)}`;
      throw new FibersError("E_UNSUPPORTED_TYPE", message);
    }
    checkCount(description, values);
    for (let i = 0; i < values.length; i++) {
      const shape = shapes?.parameters[i] ?? "void";
      if (isPlainMatch(values[i], shape)) continue;
      const found = findMismatch(values[i], shape, this.#rules, `the argument ${parameters[i]?.name}`);
      if (found) throw new FibersError("E_INVALID_ARGUMENT", `${name}: ${found}`);
    }
  }

  start(description: ExportDescription, values: unknown[]): number {
    const start = this.#entries.start(description, values.length);
    const { parameters = [] } = description.shapes ?? {};
    const sources: number[] = [];
    const lowered = values.map((value, i) => {
      const shape = parameters[i];
      if (!isChannel(shape)) return widen(value, shape);
      const subject = `${description.name}: its argument ${description.parameters[i]?.name}`;
      const number = this.#streams.addSource(value, shape, subject);
      sources.push(number);
      return number;
    });
    try {
      const call = Number(start(...lowered)) >>> 0;
      if (sources.length) this.#streams.assign(call, sources);
      return call;
    } catch (error) {
      this.#streams.drop(sources);
      throw error;
    }
  }

  take(description: ExportDescription, call: number): unknown {
    return this.#note(this.#entries.take(description)(call), description.shapes?.result ?? "void");
  }

  liftArguments({ shapes }: ImportDescription, values: unknown[]): unknown[] {
    return values.map((value, i) => {
      const shape = shapes?.parameters[i] ?? "void";
      if (!isChannel(shape)) return this.#note(value, shape);
      // The number of the call that serves it + 1.
      return value === 0 ? null : this.#streams.lend(Number(value) - 1, shape);
    });
  }

  give(description: ImportDescription, index: number, call: number, value: unknown): void {
    const shape = description.shapes?.result ?? "void";
    const found = isPlainMatch(value, shape) ? null : findMismatch(value, shape, this.#rules, "its result");
    if (found) throw wrongResult(description, found);
    const subject = `the import ${description.module}.${description.name}: its result`;
    const given = isChannel(shape) ? this.#streams.addSource(value, shape, subject) : widen(value, shape);
    this.#entries.give(index)(call, given);
  }

  giveItem({ of, item }: ChannelShape, subject: string, call: number, value: unknown): void {
    const found = isPlainMatch(value, of) ? null : findMismatch(value, of, this.#rules, "a value of it");
    if (found) throw new FibersError("E_INVALID_ARGUMENT", `${subject}: ${found}`);
    this.#exports[GIVE_ITEM_PREFIX + item]?.(call, widen(value, of));
  }

  noteItem(value: unknown, shape: Shape): unknown {
    return this.#note(value, shape);
  }

  /** Remembers of which classes the objects of the guest are that a value is or holds. */
  #note(value: unknown, shape: Shape): unknown {
    if (typeof shape === "string" || value === null || typeof value !== "object") return value;
    if (shape.kind === "object") this.#classes.set(value, shape.name);
    else if (shape.kind === "array" || shape.kind === "staticArray") {
      if (typeof shape.of !== "string") for (const element of value as unknown[]) this.#note(element, shape.of);
    } else if (shape.kind === "record") {
      for (const [field, inner] of Object.entries(this.#rules.records[shape.name] ?? {})) {
        this.#note((value as Record<string, unknown>)[field], inner);
      }
    }
    return value;
  }
}

/** Where a bigint is needed, a number will do. */
function widen(value: unknown, shape: Shape | undefined): unknown {
  return (shape === "i64" || shape === "u64") && typeof value === "number" ? BigInt(value) : value;
}

/** The types of a function that cannot cross: one of them, or all when the compiler has not resolved them. */
function findUnsupported({ parameters, result, shapes }: ExportDescription): string | undefined {
  if (!shapes) return [...parameters.map(({ type }) => type), result].join(", ");
  return [...shapes.parameters, shapes.result].map(unsupportedIn).find((name) => name !== undefined);
}

/** The name of a type that cannot cross. */
function unsupportedIn(shape: Shape): string | undefined {
  if (typeof shape === "string") return undefined;
  if (shape.kind === "unsupported") return shape.name;
  return "of" in shape ? unsupportedIn(shape.of) : undefined;
}
