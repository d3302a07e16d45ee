/** The variables that a program exports, for JavaScript to read: `value` is lifted anew each time. Enums are objects. */
import type { AdaptedExports } from "./lifted-values.ts";

export function makeVariables(adapted: Record<string, unknown>, names: string[]): Record<string, unknown> {
  const found = names.map((name) => {
    const variable = adapted[name] as { value: unknown } | AdaptedExports;
    return [name, "value" in variable ? new Variable(variable as { value: unknown }) : Object.freeze(variable)];
  });
  return Object.fromEntries(found) as Record<string, unknown>;
}

class Variable {
  readonly #source: { value: unknown };

  constructor(source: { value: unknown }) {
    this.#source = source;
  }

  get value(): unknown {
    return this.#source.value;
  }
}
