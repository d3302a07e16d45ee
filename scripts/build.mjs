// @ts-check
/**
 * Builds dist/ from host/: the bundles by esbuild and, with `--types`, their declarations by tsc.
 *
 *     node scripts/build.mjs [--types]
 *
 * dist/.build.json keeps the checksum of what each half was built from; a half whose inputs are the same is left
 * alone. Bundles and shared chunks lie side by side in dist/, so `import.meta.url` has the same folder in all of them.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { root, setup } from "./setup.mjs";

/** Bundle → its source: what `exports` and `bin` in package.json point to. */
const entries = {
  index: "host/index.ts",
  compiler: "host/compile.ts",
  transform: "host/transform/index.ts",
  wasi: "host/wasi/index.ts",
  "event-queue": "host/event-queue/index.ts",
  testing: "host/testing/index.ts",
  "wasi-sockets": "host/wasi/socket-thread.ts",
  "transform-wasi": "host/transform/wasi.ts",
  command: "host/command/main.ts",
};

/** What the output depends on beside host/. */
const steering = ["package.json", "package-lock.json", "tsconfig.json", "tsconfig.build.json", "scripts/build.mjs"];

const stampFile = join(root, "dist/.build.json");

/**
 * Builds what has changed.
 *
 * @param {{ types: boolean }} options types: also the declarations, which checks host/'s types
 * @returns {Promise<boolean>} false when a half could not be built; its errors have been printed
 */
export async function build({ types }) {
  const inputs = checksumOfInputs();
  const stamp = readStamp();
  if (stamp.bundles !== inputs) {
    if (!(await buildBundles())) return false;
    writeStamp({ ...stamp, bundles: inputs });
  }
  if (types && stamp.types !== inputs) {
    if (!buildTypes()) return false;
    writeStamp({ bundles: inputs, types: inputs });
  }
  return true;
}

/** Writes the bundles and removes chunks that no bundle uses any longer. */
async function buildBundles() {
  const missing = Object.values(entries).filter((path) => !existsSync(join(root, path)));
  if (missing.length > 0) return refuse(`${missing.join(" and ")} not found.`);
  if (!readFileSync(join(root, entries.command), "utf8").startsWith("#!/usr/bin/env node\n")) {
    return refuse(`${entries.command} must begin with "#!/usr/bin/env node": it becomes the as-fibers command.`);
  }

  const esbuild = await import("esbuild");
  let outputs;
  try {
    const result = await esbuild.build({
      absWorkingDir: root,
      entryPoints: entries,
      outdir: "dist",
      bundle: true,
      splitting: true,
      chunkNames: "chunk-[hash]",
      format: "esm",
      platform: "node",
      target: "node20.19",
      packages: "external",
      sourcemap: true,
      metafile: true,
      logLevel: "warning",
    });
    outputs = Object.keys(result.metafile.outputs).map((path) => path.slice("dist/".length));
  } catch {
    return false; // esbuild has printed its errors
  }
  for (const file of readdirSync(join(root, "dist"), { withFileTypes: true })) {
    if (/\.js(\.map)?$/.test(file.name) && !outputs.includes(file.name)) rmSync(join(root, "dist", file.name));
  }
  chmodSync(join(root, "dist/command.js"), 0o755);
  return true;
}

/** Writes dist/types; fails when host/ has a type error. */
function buildTypes() {
  rmSync(join(root, "dist/types"), { recursive: true, force: true });
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const result = spawnSync(process.execPath, [tsc, "-p", "tsconfig.build.json"], { cwd: root, stdio: "inherit" });
  return result.status === 0;
}

/** The checksum of everything that the build reads: host/ and the files that steer the build. */
function checksumOfInputs() {
  const host = readdirSync(join(root, "host"), { recursive: true, withFileTypes: true });
  const sources = host.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const hash = createHash("sha256");
  for (const file of [...sources.toSorted(), ...steering.map((name) => join(root, name))]) {
    hash
      .update(`${relative(root, file)}\0`)
      .update(readFileSync(file))
      .update("\0");
  }
  return hash.digest("hex");
}

/** @returns {{ bundles?: string, types?: string }} */
function readStamp() {
  return existsSync(stampFile) ? JSON.parse(readFileSync(stampFile, "utf8")) : {};
}

/** @param {{ bundles?: string, types?: string }} stamp */
function writeStamp(stamp) {
  mkdirSync(join(root, "dist"), { recursive: true });
  writeFileSync(stampFile, JSON.stringify(stamp));
}

/** @param {string} message */
function refuse(message) {
  console.error(`build: ${message}`);
  return false;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  setup();
  process.exitCode = (await build({ types: process.argv.includes("--types") })) ? 0 : 1;
}
