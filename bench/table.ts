/** Tables for a terminal of 80 columns, and the same as Markdown. */

const WIDTH = 80;
const GAP = "  ";

export interface Table {
  /** One line above it: what the figures are, and their unit. */
  caption: string;
  headers: string[];
  rows: string[][];
  /** Lines below it. */
  notes?: string[];
}

/** The table as text: first column to the left, and shortened when the line would be too long; the others to the right. */
export function renderTable({ caption, headers, rows, notes = [] }: Table): string {
  const widths = headers.map((header, i) => Math.max(header.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const others = widths.slice(1).reduce((sum, width) => sum + GAP.length + width, 0);
  const [first = 0, ...rest] = widths;
  const kept = Math.min(first, WIDTH - others);
  const line = ([name = "", ...cells]: string[]) => {
    const shown = name.length > kept ? `${name.slice(0, kept - 1)}…` : name.padEnd(kept);
    return [shown, ...rest.map((width, i) => (cells[i] ?? "").padStart(width))].join(GAP).trimEnd();
  };
  const rule = [kept, ...rest].map((width) => "-".repeat(width)).join(GAP);
  return [
    ...wrap(caption),
    "",
    line(headers),
    rule,
    ...rows.map(line),
    ...notes.flatMap((note) => ["", ...wrap(note)]),
  ].join("\n");
}

/** The table as Markdown. */
export function renderMarkdown({ caption, headers, rows, notes = [] }: Table): string {
  const line = (cells: string[]) => `| ${cells.join(" | ")} |`;
  const alignment = headers.map((_, i) => (i ? "---:" : "---"));
  const text = [caption, "", line(headers), line(alignment), ...rows.map(line)];
  return [...text, ...notes.flatMap((note) => ["", note])].join("\n");
}

/** Breaks a paragraph into lines of at most 80 columns. */
export function wrap(paragraph: string): string[] {
  const lines: string[] = [];
  let current = "";
  for (const word of paragraph.split(" ")) {
    if (current && current.length + 1 + word.length > WIDTH) {
      lines.push(current);
      current = word;
    } else {
      current = current ? `${current} ${word}` : word;
    }
  }
  return [...lines, current];
}
