/** Reads V8's stack traces as far as they speak of one module, and finds the AssemblyScript lines of their frames. */
import { originalPositionFor, TraceMap } from "@jridgewell/trace-mapping";
import { GENERATED_SUFFIX } from "./abi.ts";
import type { Frame } from "./errors.ts";

/** A frame of Wasm code. */
export interface WasmFrame {
  functionIndex: number;
  /** Byte offset in the module. */
  offset: number;
  /** From the name section; empty in release builds. */
  name: string;
}

const WASM_FRAME = /^\s*at (?:(.*) \()?wasm:\/\/wasm\/[^\s]*wasm-function\[(\d+)\]:0x([0-9a-f]+)\)?$/;

export interface ParsedStack {
  /** The Wasm frames, innermost first. */
  frames: WasmFrame[];
  /** Whether the innermost frame of all is one of them. */
  isInnermost: boolean;
}

/** Parses `error.stack`; null when it cannot be read. */
export function parseStack(stack: unknown): ParsedStack | null {
  if (typeof stack !== "string") return null;
  const lines = stack.split("\n").filter((line) => /^\s*at /.test(line));
  const frames: WasmFrame[] = [];
  let isInnermost = false;
  lines.forEach((line, i) => {
    const match = WASM_FRAME.exec(line);
    if (!match) return;
    if (i === 0) isInnermost = true;
    frames.push({
      functionIndex: Number(match[2]),
      offset: Number.parseInt(match[3] ?? "0", 16),
      name: match[1] ?? "",
    });
  });
  return lines.length ? { frames, isInnermost } : null;
}

/** Finds lines by a source map, which is parsed when first needed. */
export class SourceLocator {
  #read: () => string | null;
  #map: TraceMap | null | undefined;

  #names: Record<number, string>;

  /**
   * @param read gives the source map's text; null when there is none
   * @param names of functions by index, for frames whose own names the engine does not know
   */
  constructor(read: () => string | null, names: Record<number, string> = {}) {
    this.#read = read;
    this.#names = names;
  }

  /** The frame with its place in the AssemblyScript source. */
  locate(frame: WasmFrame): Frame {
    this.#map ??= this.#parse();
    const known = this.#names[frame.functionIndex];
    const functionName = shortName(frame.name) || known || `wasm-function[${frame.functionIndex}]`;
    if (!this.#map) return { functionName, location: null };
    const { source, line, column } = originalPositionFor(this.#map, { line: 1, column: frame.offset });
    if (source === null || line === null || column === null) return { functionName, location: null };
    return { functionName, location: { file: source, line, column: column + 1 } };
  }

  #parse(): TraceMap | null {
    const text = this.#read();
    if (!text) return null;
    const map = JSON.parse(text) as { sourceRoot?: string };
    // asc roots the sources at a folder that does not exist; as they stand, they are paths from where the build ran.
    delete map.sourceRoot;
    return new TraceMap(JSON.stringify(map));
  }
}

/** `assembly/index/Class#method` → `Class#method`. */
function shortName(name: string): string {
  return name.slice(name.lastIndexOf("/") + 1);
}

/** Whether this frame belongs to as-fibers rather than to the program. */
export function isLibraryFrame(frame: Frame): boolean {
  const file = frame.location?.file ?? "";
  return file.startsWith("~lib/as-fibers/") || file.endsWith(GENERATED_SUFFIX);
}
