/** Takes one argument of every kind, and gives them back in one string. */
export function main(
  whole: i32,
  byte: u8,
  long: i64,
  ratio: f64,
  text: string,
  flag: bool,
  last: string = "initial",
): string {
  return `${whole} ${byte} ${long} ${ratio} ${text} ${flag} ${last}`;
}
