/** vitest's globalSetup: compiles every guest in every variant that a test uses, and what tests run by the command. */
import { compileGuests } from "./guests.ts";
import { fillBuildCache } from "./build-cache.ts";

export default async function setup(): Promise<void> {
  await Promise.all([compileGuests(), fillBuildCache()]);
}
