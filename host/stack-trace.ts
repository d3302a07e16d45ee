/** Reads V8's stack traces as far as they speak of one module, and finds the AssemblyScript lines of their frames. */
import { decodedMappings, TraceMap } from "@jridgewell/trace-mapping";
import { BODY_PREFIX, GENERATED_SUFFIX } from "./abi.ts";
import type { Frame, Location } from "./errors.ts";
import type { SectionContent } from "./section.ts";

/** A frame of Wasm code. */
export interface WasmFrame {
  functionIndex: number;
  /** Byte offset in the module. */
  offset: number;
  /** From the name section; empty in release builds. */
  name: string;
}

/** Of a source map: offset, and unless it maps to nothing: source, line and column, from 0. */
type Segment = ReturnType<typeof decodedMappings>[number][number];

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

/** The Wasm frames among those that the engine has captured, innermost first. */
export function wasmFrames(captured: NodeJS.CallSite[]): WasmFrame[] {
  return parseStack(captured.map((frame) => `    at ${frame.toString()}`).join("\n"))?.frames ?? [];
}

/** The places of the innermost Wasm frames, as a key: JavaScript's frames below them are the same, and cost more to look at. */
export function placesOf(captured: NodeJS.CallSite[]): string {
  let places = "";
  for (const frame of captured) {
    if (frame.getScriptNameOrSourceURL()?.startsWith("wasm:")) places += `${frame.getPosition()},`;
    else if (places) break;
  }
  return places;
}

/** Finds lines by a source map, which is parsed when first needed. */
export class SourceLocator {
  #read: () => string | null;
  #map: TraceMap | null | undefined;
  #names: Record<number, string>;
  #ranges: Record<number, [begin: number, end: number]>;
  #hasRanges: boolean;
  /** Where the program says that it aborts, by the offset of that call: source maps leave out these calls. */
  #aborts = new Map<number, Location>();

  /**
   * @param read gives the source map's text; null when there is none
   * @param section names and ranges of the program's own functions, by index
   */
  constructor(read: () => string | null, section?: Pick<SectionContent, "functionNames" | "functionRanges">) {
    this.#read = read;
    this.#names = { ...section?.functionNames };
    this.#ranges = section?.functionRanges ?? {};
    this.#hasRanges = Object.keys(this.#ranges).length > 0;
  }

  /** The frame with its place in the AssemblyScript source. */
  locate(frame: WasmFrame): Frame {
    this.#map ??= this.#parse();
    const known = this.#names[frame.functionIndex];
    const name = shortName(frame.name) || known || `wasm-function[${frame.functionIndex}]`;
    // The optimizer inlines an exported function into the one that calls it as a fiber.
    const functionName = name.startsWith(BODY_PREFIX) ? name.slice(BODY_PREFIX.length).replace(/\$\d+$/, "") : name;
    return { functionName, location: this.#place(frame) };
  }

  /** Whether this is a function of the program itself. True when the module does not tell. */
  isOwn({ functionIndex }: WasmFrame): boolean {
    return !this.#hasRanges || functionIndex in this.#ranges;
  }

  /** Remembers names that the engine knew: what is kept of a trap's frames is only where they are. */
  noteNames(frames: WasmFrame[]): void {
    for (const { functionIndex, name } of frames) if (name) this.#names[functionIndex] ??= shortName(name);
  }

  /** Remembers what a frame that aborts says about its own place. */
  noteAbort(frame: WasmFrame, location: Location): void {
    this.#aborts.set(frame.offset, location);
  }

  /** The place of an offset. In a function of the program, that is a line of the program, also where a library's code was inlined. */
  #place({ functionIndex, offset }: WasmFrame): Location | null {
    const aborted = this.#aborts.get(offset) ?? null;
    if (aborted && !isLibrary(aborted)) return aborted;
    if (!this.#map) return aborted;
    const segments = decodedMappings(this.#map)[0] ?? [];
    const at = lastAtOrBefore(segments, offset);
    const exact = this.#location(segments[at]) ?? aborted;
    const range = this.#ranges[functionIndex];
    if (!range || (exact && !isLibrary(exact))) return exact;
    // The nearest line of the program before, in this function; or after, at its entry, before its first statement.
    const first = lastAtOrBefore(segments, range[0] - 1) + 1;
    const last = lastAtOrBefore(segments, range[1] - 1);
    for (let i = at; i >= first; i--) if (this.#isOwn(segments[i])) return this.#location(segments[i]);
    for (let i = at + 1; i <= last; i++) if (this.#isOwn(segments[i])) return this.#location(segments[i]);
    return exact;
  }

  #isOwn(segment: Segment | undefined): boolean {
    const location = this.#location(segment);
    return location !== null && !isLibrary(location);
  }

  #location(segment: Segment | undefined): Location | null {
    if (!segment || segment.length === 1) return null;
    const [, source, line, column] = segment;
    const file = this.#map?.sources[source];
    return file ? { file, line: line + 1, column: column + 1 } : null;
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

/** Index of the last segment that begins at this offset or before; -1 when there is none. */
function lastAtOrBefore(segments: readonly Segment[], offset: number): number {
  let low = 0;
  let high = segments.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((segments[middle]?.[0] ?? 0) <= offset) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** `assembly/index/Class#method` → `Class#method`. */
function shortName(name: string): string {
  return name.slice(name.lastIndexOf("/") + 1);
}

function isLibrary({ file }: Location): boolean {
  return file.startsWith("~lib/");
}

/** Whether this frame belongs to as-fibers rather than to the program. */
export function isLibraryFrame(frame: Frame): boolean {
  const file = frame.location?.file ?? "";
  return file.startsWith("~lib/as-fibers/") || file.endsWith(GENERATED_SUFFIX);
}
