/** Loads a guest on a virtual driver that is watched: something is done after every turn, and a standstill fails the pending calls. */
import { type App, load, type LoadOptions, virtualDriver } from "as-fibers";

export interface WatchOptions extends Omit<LoadOptions, "driver"> {
  /** Switches per turn; 1: the host comes between any two. */
  turnSwitches?: number;
  /** Called after every turn, between turns for the guest: it may collect. */
  afterTurn?: (app: App) => void;
}

/** Failures that nobody looked at are dropped unless `onUnobserved` is given. */
export async function loadWatched(
  source: Uint8Array | WebAssembly.Module,
  { turnSwitches, afterTurn, ...options }: WatchOptions = {},
): Promise<App> {
  const driver = virtualDriver(turnSwitches ? { turnSwitches } : {});
  const open = driver.open.bind(driver);
  const arm = driver.arm.bind(driver);
  let app: App | undefined;
  driver.open = (sink) => {
    open({
      complete: (operation, outcome, detail) => sink.complete(operation, outcome, detail),
      turn() {
        sink.turn();
        if (app) afterTurn?.(app);
      },
    });
  };
  driver.arm = (deadline) => {
    arm(deadline);
    if (deadline === Infinity) app?.assertIdle();
  };
  app = await load(source, { onUnobserved: () => {}, ...options, driver });
  return app;
}
