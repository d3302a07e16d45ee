/**
 * koffi, which calls the C library: an optional dependency. What is used of it is declared here, so that neither the types nor the sources of
 * this package need it.
 */

export interface Koffi {
  /** The library of this path; null for what the process has loaded. */
  load(path: null): Library;
  /** The error number of the last call. */
  errno(): number;
  os: { errno: Record<string, number> };
  node: {
    /** Has Node's event loop watch a descriptor. */
    poll(fd: number, directions: { readable: boolean; writable: boolean }, callback: () => void): PollHandle;
  };
}

export interface Library {
  func(declaration: string): Call;
  func(name: string, result: string, parameters: string[]): Call;
  /** @throws when there is none of this name */
  symbol(name: string): unknown;
}

export interface PollHandle {
  ref(): void;
  unref(): void;
  close(): void;
}

/** What calls take: a pointer is a typed array, or null. What is variadic is a pair of type and value. */
export type Argument = number | ArrayBufferView | string | null;
export type Call = (...values: Argument[]) => number;

/** Not a literal in the import: the compiler would ask for its types. */
const PACKAGE = "koffi";

/** @throws what importing it throws, when it is not installed, or not for this system */
export async function importKoffi(): Promise<Koffi> {
  const { default: koffi } = (await import(PACKAGE)) as { default: Koffi };
  return koffi;
}
