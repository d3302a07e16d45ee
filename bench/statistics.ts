/** Order statistics of samples. */

/** The samples in ascending order, in an array of their own. */
export function sort(samples: Iterable<number>): Float64Array {
  return Float64Array.from(samples).toSorted();
}

/** The smallest of the sorted samples that a share `q` of them lie below: 0.5 is the median, 1 the largest. */
export function quantile(sorted: Float64Array, q: number): number {
  if (!sorted.length) throw new Error("bench: no samples have no quantile");
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] as number;
}

export function median(samples: Iterable<number>): number {
  return quantile(sort(samples), 0.5);
}
