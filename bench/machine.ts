/** The machine that the figures come from. */
import os from "node:os";

export interface Machine {
  cpu: string;
  cores: number;
  memoryGiB: number;
  system: string;
  node: string;
  v8: string;
  /** As `go version` says; null without Go. */
  go: string | null;
  date: string;
  /** Processes that wanted a core during the last minute, before the run began. */
  load: number;
}

export function describeMachine(go: string | null): Machine {
  return {
    cpu: os.cpus()[0]?.model.trim() ?? "unknown",
    cores: os.cpus().length,
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    node: process.version,
    v8: process.versions.v8,
    go,
    date: new Date().toISOString(),
    load: Math.round((os.loadavg()[0] ?? 0) * 100) / 100,
  };
}

/** In a few lines. */
export function machineLines({ cpu, cores, memoryGiB, system, node, v8, go, date, load }: Machine): string[] {
  const lines = [
    `${cpu}, ${cores} cores, ${memoryGiB} GiB; ${system}`,
    `Node ${node} (V8 ${v8}); ${date.slice(0, 16).replace("T", " ")} UTC`,
    go ?? "Go is not on the PATH: its figures are missing.",
  ];
  if (load > cores / 2) lines.push(`Other processes are busy (load ${load}): the figures are disturbed.`);
  return lines;
}
