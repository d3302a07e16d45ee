/** Reads standard input by the `process` of @assemblyscript/wasi-shim, while another fiber counts. */
import { run, sleep } from "as-fibers/assembly";

let ticks = 0;

function tick(): void {
  for (let i = 0; i < 3; i++) {
    sleep(1);
    ticks++;
  }
}

export function readWhileTicking(): string {
  run(tick);
  const buffer = new ArrayBuffer(64);
  const count = process.stdin.read(buffer);
  return `${ticks} ticks, then ${String.UTF8.decode(buffer.slice(0, count))}`;
}
