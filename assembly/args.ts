/** `args`: the words that the program was started with. */

let words: string[] | null = null;

/**
 * The words behind the name of the program, as its command line has them. Only on target `wasi`: programs that JavaScript loads have no
 * command line, and get none.
 */
export function args(): string[] {
  const given = words;
  return given ? given.slice(0) : [];
}

/** @internal The host has told the words. */
export function setArgs(given: string[]): void {
  words = given;
}
