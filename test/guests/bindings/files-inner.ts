/** A function whose types only its own file knows. */
class Inside {
  value: i32 = 0;
}

/** One more than that. */
export function inner(inside: Inside): Inside {
  inside.value++;
  return inside;
}
