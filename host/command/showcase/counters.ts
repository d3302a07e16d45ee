/** Part 1 of the showcase: two fibers in turn, as a time line that is drawn from what they printed. */
import type { ShowcaseProgram } from "./showcase-program.ts";
import type { Screen } from "./screen.ts";

/** What the counters must have printed: first to 10, second to 15, in turn as long as both count. */
function expectedLines(): string[] {
  const lines: string[] = [];
  for (let i = 1; i <= 15; i++) {
    if (i <= 10) lines.push(`first ${i}`);
    lines.push(`second ${i}`);
  }
  return lines;
}

export async function showCounters(screen: Screen, program: ShowcaseProgram): Promise<void> {
  screen.heading(1, "Two fibers take turns", "examples/two-counters.ts");
  const lines = await program.output("counters");
  if (lines.join() !== expectedLines().join()) throw new Error(`the counters did not count in turn: ${lines.join()}`);
  const { bold, cyan, dim, magenta } = screen.colours;
  const rows = { first: "", second: "" };
  for (const line of lines) {
    const [name, number] = line.split(" ") as ["first" | "second", string];
    const [row, other] = name === "first" ? (["first", "second"] as const) : (["second", "first"] as const);
    rows[row] += `${number} `;
    rows[other] += " ".repeat(number.length + 1);
  }
  const width = rows.first.length;
  screen.write(
    `   first   ${bold(cyan(rows.first))}`,
    `   second  ${bold(magenta(rows.second))}`,
    dim(`   time    ${"─".repeat(width - 2)}▶`),
    "",
    dim("   Each calls yieldNow() after every step. 25 lines, in exactly this order."),
  );
}
