/** Runs an example that serves, as a process of its own. */
import type { ChildProcess } from "node:child_process";
import { asFibers, type Ended } from "./command.ts";

export interface Server {
  port: number;
  /** Asks it to end, and waits until it has. */
  stop(): Promise<Ended>;
}

/** Starts the example on a free port, with these arguments behind the port, and waits until it listens. */
export async function startServer(name: string, ...words: string[]): Promise<Server> {
  let found: (running: { port: number; child: ChildProcess }) => void;
  const listening = new Promise<{ port: number; child: ChildProcess }>((resolve) => (found = resolve));
  const ended = asFibers(["run", `examples/${name}.ts`, "--", "0", ...words], {
    onOutput(stdout, child) {
      const port = /^listening on 127\.0\.0\.1:(\d+)\n/.exec(stdout)?.[1];
      if (port !== undefined) found({ port: Number(port), child });
    },
  });
  const tooEarly = ended.then((result) => Promise.reject(new Error(`${name} has ended: ${JSON.stringify(result)}`)));
  const { port, child } = await Promise.race([listening, tooEarly]);
  // When a test fails before it has stopped its server, that must not outlive the tests.
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  return {
    port,
    async stop() {
      child.kill("SIGTERM");
      const result = await ended;
      process.off("exit", kill);
      return result;
    },
  };
}
