/** A timeline of things that all begin at 0 and end one after the other: a row for each group, as high as many of it still go on. */
import type { Palette } from "../palette.ts";

export interface TimelineGroup {
  name: string;
  /** When each ended, in milliseconds. */
  ends: number[];
}

/** Columns of the bars. */
const WIDTH = 53;
/** Columns of `937–1026 ms`. */
const TIMES_WIDTH = 12;
/** Milliseconds that a column stands for, or more when the end would lie behind the last column. */
const COLUMN = 20;
/** Milliseconds between two marks of the axis, or more when they would lie closer than so many columns. */
const MARK = 200;
const MARK_COLUMNS = 8;
const HEIGHTS = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/** The lines: a row per group, then the axis with its marks. 75 columns wide, and more only for times above ten seconds. */
export function timeline(groups: TimelineGroup[], end: number, { cyan, dim }: Palette): string[] {
  const column = Math.max(COLUMN, end / WIDTH);
  const nameWidth = Math.max(...groups.map(({ name }) => name.length));
  const rows = groups.map(({ name, ends }) => {
    const times = `${whole(Math.min(...ends))}–${whole(Math.max(...ends))} ms`.padStart(TIMES_WIDTH);
    return `${name.padStart(nameWidth)} ${cyan(bar(ends, column))} ${times}`;
  });
  const margin = " ".repeat(nameWidth + 1);
  const { axis, labels } = drawAxis(end, column);
  return [...rows, dim(`${margin}${axis}`), dim(`${margin}${labels}`)];
}

function bar(ends: number[], column: number): string {
  const cells = Array.from({ length: WIDTH }, (_, i) => {
    const middle = (i + 0.5) * column;
    const share = ends.filter((end) => end > middle).length / ends.length;
    return HEIGHTS[Math.ceil(share * (HEIGHTS.length - 1))] ?? "";
  });
  return cells.join("");
}

function drawAxis(end: number, column: number): { axis: string; labels: string } {
  const axis = Array.from({ length: WIDTH }, () => "─");
  let labels = "";
  let mark = MARK;
  while (mark / column < MARK_COLUMNS) mark *= 2;
  for (let time = 0; time <= end; time += mark) {
    const at = Math.round(time / column);
    if (at >= WIDTH) break;
    axis[at] = "┴";
    labels = labels.padEnd(at) + whole(time);
  }
  return { axis: axis.join(""), labels: `${labels} ms` };
}

function whole(milliseconds: number): string {
  return milliseconds.toFixed(0);
}
