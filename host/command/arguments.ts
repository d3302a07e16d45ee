/** Turns the words of the command line into the arguments of `main`, by the types of its parameters. */
import type { ExportDescription } from "../section.ts";
import type { PlainValue } from "../values.ts";
import { UsageError } from "./usage-error.ts";

/** Bits and sign of the integer types. */
const INTEGERS: Record<string, { bits: number; isSigned: boolean }> = {
  i8: { bits: 8, isSigned: true },
  i16: { bits: 16, isSigned: true },
  i32: { bits: 32, isSigned: true },
  i64: { bits: 64, isSigned: true },
  isize: { bits: 32, isSigned: true },
  u8: { bits: 8, isSigned: false },
  u16: { bits: 16, isSigned: false },
  u32: { bits: 32, isSigned: false },
  u64: { bits: 64, isSigned: false },
  usize: { bits: 32, isSigned: false },
};

/**
 * The arguments for a call of this function.
 * @throws E_INVALID_ARGUMENT when there are too many or too few, or one is not of its parameter's type; E_UNSUPPORTED_TYPE when the
 *   function has parameters that no text can be turned into
 */
export function parseArguments(description: ExportDescription, words: string[]): PlainValue[] {
  const { name, parameters, required } = description;
  const list = parameters.map((p, i) => `${p.name}${i < required ? "" : "?"}: ${p.type}`).join(", ");
  const signature = `${name}(${list}): ${description.result}`;
  if (!description.callable) {
    const hint = "its parameters and its result can be numbers, bool and string";
    throw new UsageError("E_UNSUPPORTED_TYPE", `the program declares ${signature}, which cannot be run`, hint);
  }
  const hint = `the program declares ${signature}; arguments stand behind "--"`;
  if (words.length < required || words.length > parameters.length) {
    const takes = required === parameters.length ? `${required}` : `${required} to ${parameters.length}`;
    const noun = takes === "1" ? "argument" : "arguments";
    throw new UsageError("E_INVALID_ARGUMENT", `${name} takes ${takes} ${noun} and got ${words.length}`, hint);
  }
  return words.map((word, i) => {
    const { name: parameter, type } = parameters[i] as { name: string; type: string };
    const value = parseValue(type, word);
    if (value !== null) return value;
    const message = `${parameter} is ${describeType(type)}, and got ${JSON.stringify(word)}`;
    throw new UsageError("E_INVALID_ARGUMENT", message, hint);
  });
}

function parseValue(type: string, word: string): PlainValue | null {
  if (type === "string") return word;
  if (type === "bool") return word === "true" || (word === "false" ? false : null);
  const integer = INTEGERS[type];
  if (integer) return parseInteger(integer, word);
  const number = Number(word);
  return word.trim() === "" || (Number.isNaN(number) && word !== "NaN") ? null : number;
}

function parseInteger({ bits, isSigned }: { bits: number; isSigned: boolean }, word: string): number | bigint | null {
  if (!/^-?(\d+|0x[0-9a-f]+)$/i.test(word)) return null;
  const value = word.startsWith("-") ? -BigInt(word.slice(1)) : BigInt(word);
  const fits = isSigned ? BigInt.asIntN(bits, value) === value : BigInt.asUintN(bits, value) === value;
  if (!fits) return null;
  return bits === 64 ? value : Number(value);
}

function describeType(type: string): string {
  if (type === "bool") return "true or false";
  const integer = INTEGERS[type];
  if (!integer) return `a number (${type})`;
  const { bits, isSigned } = integer;
  const least = isSigned ? -(2n ** BigInt(bits - 1)) : 0n;
  const most = 2n ** BigInt(isSigned ? bits - 1 : bits) - 1n;
  return `a whole number from ${least} to ${most} (${type})`;
}
