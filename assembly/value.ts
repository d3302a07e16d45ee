/** Values of any type as 64 bits, for code that is written once for all types. */

/** The bits of a value; for a reference, its address. */
// @ts-ignore: decorator
@inline
export function toBits<T>(value: T): u64 {
  if (isReference<T>()) return <u64>changetype<usize>(value);
  if (isFloat<T>()) return sizeof<T>() == 8 ? reinterpret<u64>(<f64>value) : <u64>reinterpret<u32>(<f32>value);
  return <u64>value;
}

/** The value of these bits. */
// @ts-ignore: decorator
@inline
export function fromBits<T>(bits: u64): T {
  if (isReference<T>()) return changetype<T>(<usize>bits);
  if (isFloat<T>()) return <T>(sizeof<T>() == 8 ? reinterpret<f64>(bits) : <f64>reinterpret<f32>(<u32>bits));
  return <T>bits;
}
