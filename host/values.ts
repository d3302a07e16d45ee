/** Numbers, bools and strings across the border: lowers arguments, lifts results. */
import { type GuestExports, newString, readString } from "./abi.ts";
import { FibersError } from "./errors.ts";
import type { ExportDescription } from "./section.ts";

/** What a plain AssemblyScript value is in JavaScript: i64 and u64 are bigints. */
export type PlainValue = number | bigint | boolean | string;

/** Checks the arguments of a call. @throws E_INVALID_ARGUMENT naming the parameter, what it takes and what it got */
export function checkArguments(description: ExportDescription, values: unknown[]): void {
  const { name, parameters, required } = description;
  if (!description.callable) {
    const types = [...parameters.map((p) => p.type), description.result].join(", ");
    throw new FibersError(
      "E_UNSUPPORTED_TYPE",
      `${name} cannot be called: only numbers, bool and string cross the border, not all of ${types}`,
    );
  }
  if (values.length < required || values.length > parameters.length) {
    const takes = required === parameters.length ? `${required}` : `${required} to ${parameters.length}`;
    throw new FibersError("E_INVALID_ARGUMENT", `${name} takes ${takes} arguments and got ${values.length}`);
  }
  values.forEach((value, i) => {
    const parameter = parameters[i];
    if (!parameter || isOfType(value, parameter.type)) return;
    throw new FibersError(
      "E_INVALID_ARGUMENT",
      `${name}: the argument ${parameter.name} is of type ${parameter.type}, and got ${describeValue(value)}`,
    );
  });
}

function isOfType(value: unknown, type: string): boolean {
  if (type === "string") return typeof value === "string";
  if (type === "bool") return typeof value === "boolean";
  if (type === "i64" || type === "u64") return typeof value === "bigint" || Number.isSafeInteger(value);
  return typeof value === "number";
}

function describeValue(value: unknown): string {
  return value === null || value === undefined
    ? String(value)
    : typeof value === "string"
      ? JSON.stringify(value)
      : `${typeof value} ${String(value)}`;
}

/** Calls the guest with these arguments. */
export function startWithArguments(
  guest: GuestExports,
  start: (...values: (number | bigint)[]) => number,
  description: ExportDescription,
  values: PlainValue[],
): number {
  try {
    const lowered = description.parameters.map(({ type }, i) => {
      const value = values[i];
      if (value === undefined) return type === "i64" || type === "u64" ? 0n : 0;
      if (typeof value !== "string") return type === "i64" || type === "u64" ? BigInt(value) : Number(value);
      return newString(guest, value);
    });
    return start(values.length, ...lowered) >>> 0;
  } finally {
    guest.__fibers_release_strings();
  }
}

/** The result of a call in JavaScript. */
export function liftResult(guest: GuestExports, type: string, value: number | bigint): PlainValue {
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
