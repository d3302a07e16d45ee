/** What would have to wait outside of fibers, in a top-level statement, fails there with a code, and the program does not load. */
import { type App, load, virtualDriver } from "as-fibers";
import { expect, test } from "vitest";
import { guest } from "../setup/guests.ts";

/** Loads the guest, whose top-level statements try this; 0: nothing. */
function loadTrying(choice: number): Promise<App> {
  const { binary, sourceMap } = guest("outside");
  return load(binary, { driver: virtualDriver(), sourceMap, imports: { app: { choice: () => choice } } });
}

const waits = [
  "Future.wait",
  "BroadcastReceiver.next",
  "WatchObserver.next",
  "Timer.wait",
  "Ticker.next",
  "Select.wait",
  "timeout",
  "retry",
  "Supervisor.run",
  "Scope",
  "map",
  "race",
  "shield",
].map((name, index) => ({ name, choice: index + 1 }));

test.each(waits)("$name needs a fiber", async ({ choice }) => {
  await expect(loadTrying(choice)).rejects.toMatchObject({
    code: "E_NOT_IN_FIBER",
    message: expect.stringMatching(/^this works only in a fiber, and none is running/) as string,
  });
});

test("the same module loads when it tries nothing", async () => {
  const app = await loadTrying(0);
  expect(await app.exports["main"]?.()).toBe(42);
  await app.close();
});
