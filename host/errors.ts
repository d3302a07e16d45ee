/** The errors of the host: every one has a stable code. */

/** An error of as-fibers. Programs compare `code`; people read `message`. */
export class FibersError extends Error {
  /** "FibersError". */
  override name = "FibersError";
  /** Stable: see docs/errors.md. */
  readonly code: string;

  /** @internal */
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A place in the AssemblyScript source. */
export interface Location {
  /** Relative to the folder of the program's file, or to where asc was called; `~lib/…` for libraries. */
  file: string;
  /** From 1. */
  line: number;
  /** From 1. */
  column: number;
}

/** One frame of a fiber's stack. `location` is null without a source map. */
export interface Frame {
  /** As it was exported or declared, without its file. */
  functionName: string;
  /** Where it stands; null without a source map. */
  location: Location | null;
}

/** A fiber that failed, as whoever started the work sees it. */
export class FiberError extends FibersError {
  /** "FiberError". */
  override name = "FiberError";
  /** Name of the fiber; may be empty. */
  readonly fiber: string;
  /** Its number: 1, 2, 3 … in the order of creation. */
  readonly fiberId: number;
  /** Where it failed: the innermost frame of the program itself; null when that cannot be told. */
  readonly location: Location | null;
  /** Its stack, innermost first, without the frames of as-fibers. */
  readonly frames: Frame[];
  /** Where the program has started the fiber, as `file:line:column`; null for a call from JavaScript, and in a module without lines. */
  readonly startedAt: string | null;

  /** @internal */
  constructor(
    fields: { code: string; message: string; fiberName: string; fiberId: number; startedAt: string | null },
    frames: Frame[],
    options?: ErrorOptions,
  ) {
    super(fields.code, fields.message, options);
    this.fiber = fields.fiberName;
    this.fiberId = fields.fiberId;
    this.frames = frames;
    this.startedAt = fields.startedAt;
    this.location =
      frames.find((frame) => frame.location && !frame.location.file.startsWith("~lib/"))?.location ?? null;
    const lines = frames.map(({ functionName, location }) => `    at ${functionName} (${describeLocation(location)})`);
    if (this.startedAt) lines.push(`    started at ${this.startedAt}`);
    this.stack = `${this.name} [${fields.code}]: ${fields.message}\n    in fiber ${describeFiber(fields)}\n${lines.join("\n")}`;
  }
}

/** `file:line:column`, as editors and terminals link it. */
export function describeLocation(location: Location | null): string {
  return location ? `${location.file}:${location.line}:${location.column}` : "unknown";
}

export function describeFiber({ fiberName, fiberId }: { fiberName: string; fiberId: number }): string {
  return fiberName ? `"${fiberName}" (${fiberId})` : `${fiberId}`;
}
