/** Colours for a terminal, and none for a pipe. */

/** Each takes a text and gives it back coloured, or as it is. */
export interface Palette {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  blue(text: string): string;
  magenta(text: string): string;
  cyan(text: string): string;
}

/** Select Graphic Rendition: how each begins and ends. */
const CODES: Record<keyof Palette, [number, number]> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  blue: [34, 39],
  magenta: [35, 39],
  cyan: [36, 39],
};

/** The palette with colours, or the one that changes nothing. */
export function palette(isColoured: boolean): Palette {
  const entries = Object.entries(CODES).map(([name, [begin, end]]) => [
    name,
    (text: string) => (isColoured && text ? `\u001b[${begin}m${text}\u001b[${end}m` : text),
  ]);
  return Object.fromEntries(entries) as Palette;
}

/** Whether to colour what goes to this stream: on a terminal, unless NO_COLOR is set; FORCE_COLOR colours a pipe too. */
export function wantsColour(stream: { isTTY?: boolean }, environment: NodeJS.ProcessEnv = process.env): boolean {
  const { NO_COLOR: no = "", FORCE_COLOR: force = "", TERM: terminal = "" } = environment;
  if (no) return false;
  if (force) return force !== "0" && force !== "false";
  return stream.isTTY === true && terminal !== "dumb";
}
