/** Nothing: what is left of a module when its program does no work. */
export function work(argument: i32): f64 {
  return argument;
}
