/** node:wasi, loaded only when it is needed: Node warns when it is. */

export interface NodeWasiOptions {
  version: "preview1";
  args?: string[];
  env?: Record<string, string>;
  preopens?: Record<string, string>;
  stdin?: number;
  stdout?: number;
  stderr?: number;
  returnOnExit?: boolean;
}

/** A function of preview 1. */
export type Call = (...args: never[]) => unknown;

/** The class `WASI` of node:wasi, as far as it is used here. */
export type NodeWasi = new (options: NodeWasiOptions) => {
  readonly wasiImport: Record<string, Call>;
  initialize(instance: object): void;
};

export function loadNodeWasi(): NodeWasi {
  return process.getBuiltinModule("node:wasi").WASI as unknown as NodeWasi;
}
