// @ts-check
/** The hosts that the cases run on: ours on each base with each way of waiting, and those of others as npm installs them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { FILE_TEXT } from "./probe-world.mjs";

/**
 * @typedef {import("./probe-world.mjs").World} World
 * @typedef {import("./probe-world.mjs").Setup} Setup
 *
 * @typedef {object} OpenHost
 * @property {WebAssembly.Imports} imports
 * @property {(module: WebAssembly.Module, instance: WebAssembly.Instance) => void} attach
 * @property {() => void} [close]
 *
 * @typedef {object} Host
 * @property {string} name with its version
 * @property {string} column of the tables
 * @property {boolean} isOurs
 * @property {(setup: Setup) => string | null} lack what it has no option for, of what a case needs
 * @property {(setup: Setup, world: World) => Promise<OpenHost>} open
 */

/**
 * @param {"@wasmer/wasi" | "node:wasi"} base
 * @param {"poll" | "atomics"} waiting
 * @returns {Host}
 */
function ours(base, waiting) {
  return {
    name: `as-fibers/wasi on ${base}, ${waiting}`,
    column: `${base}, ${waiting}`,
    isOurs: true,
    lack: () => null,
    async open({ listeners = 0, files = false }, world) {
      const { createWasi } = await import("as-fibers/wasi");
      const wasi = await createWasi({
        base,
        waiting,
        stdin: world.stdin,
        stdout: world.stdout,
        listen: Array.from({ length: listeners }, () => ({ port: 0 })),
        preopens: files ? { "/files": world.directory } : {},
      });
      world.ports = wasi.ports;
      return {
        imports: wasi.getImportObject(),
        attach: (_, instance) => wasi.initialize(instance),
        close: () => wasi.close(),
      };
    },
  };
}

/** @param {Setup} setup */
function lackListener({ listeners = 0 }) {
  return listeners > 0 ? "no pre-opened sockets" : null;
}

/** For hosts whose standard input and output are buffers: what is not the system's cannot be given to them. @param {Setup} setup */
function lackDescriptors(setup) {
  for (const kind of [setup.stdin, setup.stdout]) {
    if (kind && kind !== "file") return "no descriptors of the system";
  }
  return lackListener(setup);
}

/** @type {Host} */
const nodeHost = {
  name: "node:wasi",
  column: "node:wasi alone",
  isOurs: false,
  lack: lackListener,
  async open({ files = false }, world) {
    process.removeAllListeners("warning"); // that it is experimental
    const { WASI } = await import("node:wasi");
    const wasi = new WASI({
      version: "preview1",
      stdin: world.stdin,
      stdout: world.stdout,
      preopens: files ? { "/files": world.directory } : {},
    });
    return {
      imports: /** @type {WebAssembly.Imports} */ (wasi.getImportObject()),
      attach: (_, instance) => wasi.initialize(instance),
    };
  },
};

/** @type {Host} */
const wasmerHost = {
  name: `@wasmer/wasi ${version("@wasmer/wasi")}`,
  column: "@wasmer/wasi alone",
  isOurs: false,
  lack: lackDescriptors,
  async open({ stdin, files = false }) {
    const { default: wasmer } = /** @type {{ default: typeof import("@wasmer/wasi") }} */ (
      /** @type {unknown} */ (await import("@wasmer/wasi"))
    );
    await wasmer.init();
    const fs = new wasmer.MemFS();
    if (files) fs.createDir("/files");
    const wasi = new wasmer.WASI(files ? { fs, preopens: { "/files": "/files" } } : {});
    if (stdin === "file") wasi.setStdinString(FILE_TEXT);
    const { probeModule } = await import("./probe-guest.mjs");
    return {
      imports: /** @type {WebAssembly.Imports} */ (wasi.getImports(await probeModule())),
      attach: (_, instance) => void wasi.instantiate(instance, {}),
    };
  },
};

/** @type {Host} */
const shimHost = {
  name: `@bjorn3/browser_wasi_shim ${version("@bjorn3/browser_wasi_shim")}`,
  column: "browser_wasi_shim",
  isOurs: false,
  lack: lackDescriptors,
  async open({ stdin, files = false }) {
    const { WASI, File, OpenFile, PreopenDirectory } = await import("@bjorn3/browser_wasi_shim");
    const file = (/** @type {string} */ text) => new OpenFile(new File(new TextEncoder().encode(text)));
    const descriptors = [file(stdin === "file" ? FILE_TEXT : ""), file(""), file("")];
    const directories = files ? [new PreopenDirectory("/files", new Map())] : [];
    const wasi = new WASI([], [], [...descriptors, ...directories]);
    return {
      imports: { wasi_snapshot_preview1: wasi.wasiImport },
      attach: (_, instance) =>
        wasi.initialize(/** @type {Parameters<typeof wasi.initialize>[0]} */ (/** @type {unknown} */ (instance))),
    };
  },
};

/** @type {Record<string, Host>} */
export const hosts = {
  "wasmer-poll": ours("@wasmer/wasi", "poll"),
  "wasmer-atomics": ours("@wasmer/wasi", "atomics"),
  "node-poll": ours("node:wasi", "poll"),
  "node-atomics": ours("node:wasi", "atomics"),
  node: nodeHost,
  wasmer: wasmerHost,
  shim: shimHost,
};

/** @param {string} name of an installed package */
function version(name) {
  const file = join(import.meta.dirname, "../../node_modules", name, "package.json");
  return String(JSON.parse(readFileSync(file, "utf8")).version);
}
