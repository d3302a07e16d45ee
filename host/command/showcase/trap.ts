/** Part 4 of the showcase: a trap in one fiber, and the line where it happened. */
import { FiberError } from "../../errors.ts";
import { excerpt } from "../excerpt.ts";
import { describePlace } from "../report.ts";
import type { Screen } from "./screen.ts";
import type { ShowcaseProgram } from "./showcase-program.ts";

/** How many of the tasks finish; the last one traps. */
const FINISHED = 5;

export async function showTrap(screen: Screen, program: ShowcaseProgram): Promise<void> {
  screen.heading(4, "A trap stops one fiber, not the others", "examples/trap.ts");
  const { lines, error } = await program.outputAndError("trap");
  const trap = error instanceof FiberError ? error.cause : undefined;
  if (lines.length !== FINISHED + 1 || !(trap instanceof FiberError) || !trap.location) {
    throw new Error("one task of six should have trapped", { cause: error });
  }
  const { bold, cyan, dim, green, red } = screen.colours;
  const cells = lines.map((line) => {
    const [name = "", result = ""] = line.split(": ");
    return result === "failed" ? `${red("✘")} ${name}` : `${green("✔")} ${name}${dim(":")} ${bold(result)}`;
  });
  screen.write(`   ${cells.slice(0, 3).join("    ")}`, `   ${cells.slice(3).join("    ")}`, "");
  screen.write(
    `   ${bold(red(trap.code))} ${trap.message} ${dim(`in fiber "${trap.fiber}"`)}`,
    ...excerpt(program.sourceFile(trap.location.file), trap.location, screen.colours).map((line) => `   ${line}`),
    `   ${dim("at")} ${cyan(describePlace(trap.location, program.folder))}`,
  );
}
