/** Does not compile. */
export function main(): void {
  const count: i32 = "three";
  missing(count);
}
