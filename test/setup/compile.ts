/** vitest's globalSetup: compiles every guest in every variant that a test uses. */
import { readdirSync } from "node:fs";
import { compileGuest, variants } from "./guests.ts";

export default async function setup(): Promise<void> {
  const names = readdirSync(new URL("../guests", import.meta.url))
    .filter((file) => file.endsWith(".ts"))
    .map((file) => file.slice(0, -3));
  for (const name of names) {
    for (const variant of [{}, ...(variants[name] ?? [])]) await compileGuest(name, variant);
  }
}
