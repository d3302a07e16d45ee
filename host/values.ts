/** `Values`: how values cross the border. Here for numbers, bools and strings, which need no bindings: lowers arguments, lifts results. */
import { type GuestExports, newString, readString, startName } from "./abi.ts";
import { describeValue } from "./bindings/check.ts";
import { Entries, type EntryFunction } from "./entries.ts";
import { FibersError } from "./errors.ts";
import type { ExportDescription, ImportDescription } from "./section.ts";

/** What a plain AssemblyScript value is in JavaScript: i64 and u64 are bigints. */
export type PlainValue = number | bigint | boolean | string;

/** How the values of one instance cross. */
export interface Values {
  /** Called once, with the new instance. */
  attach(guest: GuestExports): void;
  /** Checks the arguments of a call. @throws E_INVALID_ARGUMENT, E_UNSUPPORTED_TYPE */
  check(description: ExportDescription, values: unknown[]): void;
  /** Calls the guest with arguments that were checked. @returns the number of the call */
  start(description: ExportDescription, values: unknown[]): number;
  /** The result of a call that has ended, which the guest then forgets. */
  take(description: ExportDescription, call: number): unknown;
  /** The arguments of a call of a suspending import, as the module's import was given them. */
  liftArguments(description: ImportDescription, values: unknown[]): unknown[];
  /** Gives a pending call of a suspending import, the one at this address, its result. @throws E_IMPORT_RESULT */
  give(description: ImportDescription, index: number, call: number, value: unknown): void;
}

type Raw = number | bigint;

/** Needs nothing but what the section says. */
export class PlainValues implements Values {
  #guest!: GuestExports;
  #entries!: Entries<Raw>;

  attach(guest: GuestExports): void {
    this.#guest = guest;
    this.#entries = new Entries(guest as unknown as Record<string, EntryFunction<Raw>>);
  }

  check(description: ExportDescription, values: unknown[]): void {
    checkArguments(description, values);
  }

  start(description: ExportDescription, values: unknown[]): number {
    return callWithArguments(this.#guest, this.#entries.start(description, values.length), description, values);
  }

  take(description: ExportDescription, call: number): PlainValue {
    return liftResult(this.#guest, description.result, this.#entries.take(description)(call));
  }

  liftArguments({ module, name, parameters, callable }: ImportDescription, values: unknown[]): unknown[] {
    if (callable) return values.map((value, i) => liftResult(this.#guest, parameters[i]?.type ?? "", value as Raw));
    const message = `${module}.${name} cannot be called: only numbers, bool and string cross the border without bindings: build the module by "as-fibers build", and import the .js file that it writes`;
    throw new FibersError("E_UNSUPPORTED_TYPE", message);
  }

  give(description: ImportDescription, index: number, call: number, value: unknown): void {
    const { result } = description;
    const type = result.endsWith("null") ? result.replace(/\s*\|\s*null$/, "") : result;
    const isNull = type !== result && (value === null || value === undefined);
    if (!isNull && !isOfType(value, type)) {
      throw wrongResult(description, `its result is of type ${result}, and got ${describeValue(value)}`);
    }
    try {
      this.#entries.give(index)(call, isNull ? 0 : lower(this.#guest, value as PlainValue, type));
    } finally {
      if (type === "string") this.#guest.__fibers_release_strings();
    }
  }
}

/** Checks the arguments of a call. @throws E_INVALID_ARGUMENT naming the parameter, what it takes and what it got; E_UNSUPPORTED_TYPE */
export function checkArguments(description: ExportDescription, values: unknown[]): void {
  const { name, parameters } = description;
  if (!description.callable) {
    const types = [...parameters.map((p) => p.type), description.result].join(", ");
    const message = `${name} cannot be called: only numbers, bool and string cross the border, not all of ${types}; for the others build the module by "as-fibers build", and import the .js file that it writes`;
    throw new FibersError("E_UNSUPPORTED_TYPE", message);
  }
  checkCount(description, values);
  values.forEach((value, i) => {
    const parameter = parameters[i];
    if (!parameter || isOfType(value, parameter.type)) return;
    throw new FibersError(
      "E_INVALID_ARGUMENT",
      `${name}: the argument ${parameter.name} is of type ${parameter.type}, and got ${describeValue(value)}`,
    );
  });
}

/**
 * Calls the guest with these arguments.
 * @param start what starts the export with all its arguments
 */
export function startWithArguments(
  guest: GuestExports,
  start: (...values: Raw[]) => number,
  description: ExportDescription,
  values: PlainValue[],
): number {
  const functions = guest as unknown as Record<string, EntryFunction<Raw>>;
  const isWhole = values.length === description.parameters.length;
  const chosen = isWhole ? start : (functions[startName(description, values.length)] as EntryFunction<Raw>);
  return callWithArguments(guest, chosen, description, values);
}

function callWithArguments(
  guest: GuestExports,
  start: EntryFunction<Raw>,
  { parameters }: ExportDescription,
  values: unknown[],
): number {
  let hasString = false;
  try {
    const lowered: Raw[] = [];
    for (let i = 0; i < values.length; i++) {
      hasString ||= typeof values[i] === "string";
      lowered.push(lower(guest, values[i] as PlainValue, parameters[i]?.type ?? ""));
    }
    return Number(start(...lowered)) >>> 0;
  } finally {
    if (hasString) guest.__fibers_release_strings();
  }
}

function lower(guest: GuestExports, value: PlainValue, type: string): Raw {
  if (typeof value === "string") return newString(guest, value);
  return type === "i64" || type === "u64" ? BigInt(value) : Number(value);
}

/** A value of the guest in JavaScript. */
export function liftResult(guest: GuestExports, type: string, value: Raw): PlainValue {
  switch (type) {
    case "string":
      return readString(guest.memory, Number(value) >>> 0);
    case "bool":
      return value !== 0;
    case "u32":
    case "usize":
      return Number(value) >>> 0;
    case "u64":
      return BigInt.asUintN(64, BigInt(value));
    default:
      return value;
  }
}

/** @throws E_INVALID_ARGUMENT when there are too many or too few */
export function checkCount({ name, parameters, required }: ExportDescription, values: unknown[]): void {
  if (values.length >= required && values.length <= parameters.length) return;
  const takes = required === parameters.length ? `${required}` : `${required} to ${parameters.length}`;
  throw new FibersError("E_INVALID_ARGUMENT", `${name} takes ${takes} arguments and got ${values.length}`);
}

/** The error for a result of an import that is of the wrong type. */
export function wrongResult({ module, name }: ImportDescription, what: string, cause?: unknown): FibersError {
  const message = `the import ${module}.${name}: ${what}`;
  return new FibersError("E_IMPORT_RESULT", message, cause === undefined ? {} : { cause });
}

function isOfType(value: unknown, type: string): boolean {
  if (type === "string") return typeof value === "string";
  if (type === "bool") return typeof value === "boolean";
  if (type === "i64" || type === "u64") return typeof value === "bigint" || Number.isSafeInteger(value);
  return typeof value === "number";
}
