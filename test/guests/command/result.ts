/** Returns a number. */
export function main(): f64 {
  return 0.5;
}
