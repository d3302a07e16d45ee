/** What a guest has done, in order: one line per event. */
let lines: string[] = [];

export function log(line: string): void {
  lines.push(line);
}

/** Everything since the last time. */
export function takeLog(): string {
  const text = lines.join("\n");
  lines = [];
  return text;
}
