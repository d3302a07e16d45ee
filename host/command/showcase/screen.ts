/** The screen of the showcase: lines at most 80 columns wide, and on a terminal one more that tells what is being done. */
import { type Palette, palette, wantsColour } from "../palette.ts";

/** Columns that the text may take. */
const WIDTH = 80;
const INDENT = "  ";

const SPINNER = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const SPINNER_INTERVAL = 80;

/** Clears the line and begins it anew. With spaces, so that nothing but colours needs escape codes; one less, lest the line breaks. */
const CLEAR_LINE = `\r${" ".repeat(WIDTH - 1)}\r`;

export class Screen {
  readonly colours: Palette;
  readonly #stream: NodeJS.WriteStream;
  /** A line that is overwritten makes sense only where somebody looks at it. */
  readonly #isLive: boolean;
  #activity: (() => string) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #step = 0;

  constructor(stream: NodeJS.WriteStream = process.stdout) {
    this.#stream = stream;
    this.#isLive = stream.isTTY === true && process.env["TERM"] !== "dumb";
    this.colours = palette(wantsColour(stream));
  }

  /** Writes lines, indented. */
  write(...lines: string[]): void {
    this.#clear();
    this.#stream.write(lines.map((line) => `${line && INDENT}${line}`.trimEnd() + "\n").join(""));
    this.#draw();
  }

  /** Writes the heading of a part: what it shows, and the file to read. */
  heading(number: number, title: string, file: string): void {
    const { bold, cyan, dim } = this.colours;
    const gap = WIDTH - 2 * INDENT.length - `${number}  ${title}${file}`.length;
    this.write("", `${bold(cyan(String(number)))}  ${bold(title)}${" ".repeat(Math.max(gap, 2))}${dim(file)}`, "");
  }

  /** A line across the screen. */
  rule(): string {
    return this.colours.dim("─".repeat(WIDTH - 2 * INDENT.length));
  }

  /** Text at both ends of a line. The lengths are those of the plain texts. */
  spread(left: string, right: string, plainLength: number): string {
    return left + " ".repeat(Math.max(WIDTH - 2 * INDENT.length - plainLength, 1)) + right;
  }

  /** Shows what is being done while `action` does it. */
  async during<Result>(activity: () => string, action: () => Promise<Result>): Promise<Result> {
    this.#activity = activity;
    this.#draw();
    if (this.#isLive) this.#timer = setInterval(() => this.#draw(), SPINNER_INTERVAL);
    try {
      // One round of the event loop, so that the line is there before the work begins.
      await new Promise((resolve) => setImmediate(resolve));
      return await action();
    } finally {
      clearInterval(this.#timer);
      this.#clear();
      this.#activity = undefined;
    }
  }

  #draw(): void {
    if (!this.#isLive || !this.#activity) return;
    const { cyan, dim } = this.colours;
    const frame = SPINNER[this.#step++ % SPINNER.length] ?? "";
    this.#stream.write(`${CLEAR_LINE}${INDENT}${cyan(frame)}  ${dim(this.#activity())}`);
  }

  #clear(): void {
    if (this.#isLive && this.#activity) this.#stream.write(CLEAR_LINE);
  }
}
