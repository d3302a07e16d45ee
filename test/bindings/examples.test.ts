/** The examples of programs that call JavaScript, as their readers build and run them: real servers, real sockets, real files. */
import { cpSync, rmSync } from "node:fs";
import path from "node:path";
import sqlite from "node-sqlite3-wasm";
import { expect, test } from "vitest";
import { root, runNode } from "../setup/command.ts";
import { buildHere } from "./built.ts";

/** In a folder where it can be built. */
function copyOf(example: string): string {
  const folder = path.join(root, `.cache/bindings/example-${example}`);
  rmSync(folder, { recursive: true, force: true });
  cpSync(path.join(root, "examples", example), folder, { recursive: true });
  return folder;
}

/** What main.mjs prints, line by line, in a copy of the example's folder. */
async function buildAndRun(name: string): Promise<{ folder: string; lines: string[] }> {
  const folder = copyOf(name);
  const imports = path.join(folder, "host.mjs");
  await buildHere(path.join(folder, "program.ts"), path.join(folder, "build/app"), { imports });
  const { code, stdout, stderr } = await runNode(["main.mjs"], { cwd: folder });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return { folder, lines: stdout.split("\n") };
}

test("calling-javascript: pages by fetch, files by node:fs", async () => {
  const { lines } = await buildAndRun("calling-javascript");
  expect(lines).toEqual([
    "Page one: 36 bytes",
    "Page two: 36 bytes",
    "Page three: 38 bytes",
    "Page four",
    "3 lines",
    expect.stringMatching(/^E_STATUS: .*the import program.fetchText rejected: Error: \/missing answers 404$/),
    "E_CANCELLED: nobody waits for it",
    "",
  ]);
});

test("weather-stations: WebSocket and SQLite, whose file has every reading once, in the order of each station", async () => {
  const { folder, lines } = await buildAndRun("weather-stations");
  expect(lines).toEqual(["readings: 3,2", "Oslo: 3, up to 1.25 °C", "Palermo: 2, up to 21 °C", ""]);
  const database = new sqlite.Database(path.join(folder, "weather.db"), { fileMustExist: true });
  const readings = database.all("SELECT place, celsius FROM reading ORDER BY place, rowid");
  database.close();
  expect(readings.map(({ place, celsius }) => [place, celsius])).toEqual([
    ["Oslo", -3.5],
    ["Oslo", 1.25],
    ["Oslo", 0],
    ["Palermo", 17.5],
    ["Palermo", 21],
  ]);
});

test("examples/streams: a compressed log goes through the program, from file to file", async () => {
  const folder = copyOf("streams");
  await buildHere(path.join(folder, "program.ts"), path.join(folder, "build/app"));
  const { code, stdout, stderr } = await runNode(["main.mjs"], { cwd: folder });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout.split("\n")).toEqual([
    "200: 18000",
    "404: 1800",
    "500: 200",
    "- GET /page/257/größe 200",
    "20000 lines, and fewer bytes: true",
    "- GET /page/0/größe 500, and that is enough: false",
    "the file is let go: true",
    "",
  ]);
});
