/** vitest's globalSetup: compiles every guest in every variant that a test uses. */
import { compileGuests } from "./guests.ts";

export default compileGuests;
