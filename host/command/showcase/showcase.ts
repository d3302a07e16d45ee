/** `as-fibers demo showcase`, which is what `npm start` runs: what the library does, on one screen. */
import { libraryVersion } from "../../version.ts";
import { examplesFolder } from "../examples.ts";
import { ExitCode } from "../exit-code.ts";
import { showCounters } from "./counters.ts";
import { showMillion } from "./million.ts";
import { showRequests } from "./requests.ts";
import { Screen } from "./screen.ts";
import { ShowcaseProgram } from "./showcase-program.ts";
import { showTrap } from "./trap.ts";

/** Shows all parts; the exit code. Takes a few seconds. */
export async function showcase(): Promise<number> {
  const begin = performance.now();
  const screen = new Screen();
  const { bold, dim } = screen.colours;
  const name = `as-fibers ${libraryVersion}`;
  const claim = "green threads for WebAssembly";
  screen.write("", screen.spread(bold(name), dim(claim), name.length + claim.length), screen.rule());
  const compile = (file: string, target: "debug" | "release") =>
    screen.during(
      () => `compiling examples/${file} for ${target} …`,
      () => ShowcaseProgram.compile(examplesFolder, file, target),
    );
  const debug = await compile("showcase.ts", "debug");
  await showCounters(screen, debug);
  await showMillion(screen, await compile("showcase.ts", "release"));
  // Quick to compile; what it does is to wait, which is not faster when optimized.
  await showRequests(screen, await compile("delay-server.ts", "debug"));
  await showTrap(screen, debug);
  const seconds = `${((performance.now() - begin) / 1000).toFixed(1)} s`;
  const next = "npx as-fibers demo   more examples";
  screen.write("", screen.rule(), screen.spread(next, dim(seconds), next.length + seconds.length), "");
  return ExitCode.OK;
}
