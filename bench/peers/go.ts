/** Peer: goroutines. bench/peers/go/main.go is run when `go` is on the PATH; otherwise its column stays empty. */
import { spawnSync } from "node:child_process";
import path from "node:path";

/** What main.go measures, in nanoseconds per operation or bytes per goroutine. */
export type GoFigure =
  | "switch 2"
  | "switch 100"
  | "switch 100000"
  | "switch 1000000"
  | "spawn"
  | "channel unbuffered"
  | "channel buffered"
  | "select"
  | "lock"
  | "ping-pong"
  | "skynet"
  | "panic"
  | "parked bytes"
  | "sleeping bytes"
  | "timer";

export type GoFigures = Partial<Record<GoFigure, number>>;

const binary = ".cache/bench/go-peer";

/** What `go version` says; null without Go. */
export function goVersion(): string | null {
  const { error, status, stdout } = spawnSync("go", ["version"], { encoding: "utf8" });
  return error || status !== 0 ? null : stdout.trim();
}

let figures: GoFigures | undefined;

/** Go's figures: measured once, when a part first asks; none without Go. */
export function goFigures(): GoFigures {
  figures ??= goVersion() === null ? {} : measure();
  return figures;
}

function measure(): GoFigures {
  run("go", "build", "-o", binary, "bench/peers/go/main.go");
  const outputs = [[], ["parked"], ["sleeping"]].map((selection) => run(path.resolve(binary), ...selection));
  return Object.assign({}, ...outputs.map((output) => JSON.parse(output) as object)) as GoFigures;
}

function run(command: string, ...values: string[]): string {
  const { error, status, stdout, stderr } = spawnSync(command, values, { encoding: "utf8" });
  if (error || status !== 0) throw new Error(`bench: ${[command, ...values].join(" ")} failed:\n${stderr}`);
  return stdout;
}
