/** Turns the words of the command line into the arguments of main, by the types of its parameters; and prints what main returns. */
import { print } from "../output";
import { writeError } from "./output";
import { proc_exit } from "./preview1";
import { headline } from "./report";

const EXIT_USAGE: u32 = 2;

/** Ends the program unless there are as many words as main takes. @param signature main, as declared */
export function checkCount(words: string[], least: i32, most: i32, signature: string): void {
  if (words.length >= least && words.length <= most) return;
  const takes = least == most ? `${least}` : `${least} to ${most}`;
  refuseArguments(`main takes ${takes} argument${takes == "1" ? "" : "s"} and got ${words.length}`, signature);
}

/** A word as a value of type T; ends the program when it is none. */
export function readWord<T>(word: string, name: string, signature: string): T {
  if (isString<T>()) return changetype<T>(word);
  if (isBoolean<T>()) {
    if (word != "true" && word != "false") refuseWord(word, name, "true or false", signature);
    return <T>(word == "true");
  }
  if (isFloat<T>()) {
    if (!isNumeric(word)) refuseWord(word, name, "a number (" + nameof<T>() + ")", signature);
    return <T>parseFloat(word);
  }
  const value = readInteger(word);
  const isOfSign = !isSigned<T>() ? !isNegative : isNegative ? <i64>value <= 0 : <i64>value >= 0;
  const fits = isWhole && isOfSign && <u64>(<T>value) == value;
  if (!fits) refuseWord(word, name, "a whole number (" + nameof<T>() + ")", signature);
  return <T>value;
}

/** What the last word was, as a number. */
let isWhole: bool = false;
let isNegative: bool = false;

/** The digits of a word, decimal or hexadecimal, in 64 bits. */
function readInteger(word: string): u64 {
  isNegative = word.startsWith("-");
  const digits = isNegative ? word.substring(1) : word;
  const isHexadecimal = digits.length > 2 && (digits.startsWith("0x") || digits.startsWith("0X"));
  const radix: u64 = isHexadecimal ? 16 : 10;
  isWhole = digits.length > 0;
  let value: u64 = 0;
  for (let i = isHexadecimal ? 2 : 0; i < digits.length; i++) {
    const digit = digitOf(digits.charCodeAt(i));
    if (digit >= radix || value > (u64.MAX_VALUE - digit) / radix) isWhole = false;
    value = value * radix + digit;
  }
  return isNegative ? 0 - value : value;
}

function digitOf(unit: i32): u64 {
  if (unit >= 0x30 && unit <= 0x39) return unit - 0x30;
  const letter = unit | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x61 + 10 : u64.MAX_VALUE;
}

function isNumeric(word: string): bool {
  if (word == "NaN" || word == "Infinity" || word == "-Infinity") return true;
  let digits = 0;
  for (let i = 0; i < word.length; i++) {
    const unit = word.charCodeAt(i);
    if (unit >= 0x30 && unit <= 0x39) digits++;
    else if (!"+-.eE".includes(word.charAt(i))) return false;
  }
  return digits > 0;
}

function refuseWord(word: string, name: string, kind: string, signature: string): void {
  refuseArguments(`${name} is ${kind}, and got "${word}"`, signature);
}

function refuseArguments(message: string, signature: string): void {
  writeError(headline("E_INVALID_ARGUMENT", message) + `  → the program declares ${signature}\n`);
  proc_exit(EXIT_USAGE);
  unreachable();
}

/** Prints what main has returned. Whole floats are printed as JavaScript does. */
export function printResult<T>(value: T): void {
  if (isString<T>()) print(changetype<string>(value));
  else {
    // @ts-ignore: every scalar has it
    const text: string = value.toString();
    print(isFloat<T>() && text.endsWith(".0") ? text.substring(0, text.length - 2) : text);
  }
}
