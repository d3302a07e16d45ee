/** Figures as people read them: three significant digits or so, thousands separated, units after a space. */

export type Unit = "ns" | "ms" | "bytes" | "%" | "/s";

const DECIMALS: Record<Unit, (size: number) => number> = {
  ns: (size) => (size < 100 ? 1 : 0),
  ms: (size) => (size < 100 ? 3 : 0),
  bytes: () => 0,
  "%": () => 1,
  "/s": () => 0,
};

/** A figure without its unit. */
export function formatNumber(value: number, unit: Unit): string {
  const decimals = DECIMALS[unit](Math.abs(value));
  // Adding 0 makes a zero of a negative one.
  const rounded = Number(value.toFixed(decimals)) + 0;
  return rounded.toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

/** A figure with its unit. */
export function format(value: number, unit: Unit): string {
  return `${formatNumber(value, unit)} ${unit}`;
}

/** A count: 1,000,000. */
export function formatCount(value: number): string {
  return value.toLocaleString("en-US");
}

/** A figure that may be missing, without its unit. */
export function formatOptional(value: number | undefined, unit: Unit): string {
  return value === undefined ? "-" : formatNumber(value, unit);
}
