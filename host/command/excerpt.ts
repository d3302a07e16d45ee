/** The lines of a source around a place, with a caret under it. */
import { readFileSync } from "node:fs";
import type { Location } from "../errors.ts";
import type { Palette } from "./palette.ts";

/** Lines shown before the one that matters. */
const LINES_BEFORE = 1;

/** The excerpt, a line each; empty when the file cannot be read or has no such line. */
export function excerpt(file: string, { line, column }: Location, colours: Palette): string[] {
  const lines = readLines(file);
  if (line > lines.length) return [];
  const digits = String(line).length;
  const bar = colours.dim("│");
  const shown: string[] = [];
  for (let at = Math.max(1, line - LINES_BEFORE); at <= line; at++) {
    const text = (lines[at - 1] ?? "").trimEnd();
    const number = String(at).padStart(digits);
    // The line before only helps to find the place.
    if (at < line && text.trim()) shown.push(colours.dim(`${number} │ ${text}`));
    if (at === line) shown.push(`${colours.dim(number)} ${bar} ${text}`);
  }
  // Tabs stay tabs, so that the caret stands under its character however wide they are.
  const indent = (lines[line - 1] ?? "").slice(0, column - 1).replace(/[^\t]/g, " ");
  shown.push(`${" ".repeat(digits)} ${bar} ${indent}${colours.red("^")}`);
  return shown;
}

function readLines(file: string): string[] {
  try {
    return readFileSync(file, "utf8").split("\n");
  } catch {
    // The source is a convenience here: the report has its name and line.
    return [];
  }
}
