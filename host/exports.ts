/** The functions that an instance exports, as JavaScript sees them. */
import { type ChannelShape, isChannel } from "./bindings/shape.ts";
import type { StreamOutput } from "./bindings/stream.ts";
import { FibersError } from "./errors.ts";
import type { ExportDescription, SectionContent } from "./section.ts";

/** Each calls one of these two, the second when it returns a channel. */
export function makeExports(
  section: SectionContent,
  call: (description: ExportDescription, values: unknown[]) => Promise<unknown>,
  stream: (description: ExportDescription, shape: ChannelShape, values: unknown[]) => StreamOutput<unknown>,
): Record<string, unknown> {
  const functions: Record<string, unknown> = {};
  for (const description of section.exports) {
    const result = description.shapes?.result;
    functions[description.name] = isChannel(result)
      ? (...values: unknown[]) => stream(description, result, values)
      : (...values: unknown[]) => call(description, values);
  }
  return new Proxy(functions, {
    get(target, name) {
      // `then` is asked for by await; an unknown name otherwise is a mistake that deserves its own sentence.
      if (typeof name === "symbol" || name in target || name === "then") return Reflect.get(target, name) as unknown;
      return refuseExport(section, name);
    },
  });
}

/** @throws E_NO_EXPORT */
export function refuseExport(section: SectionContent, name: string): never {
  const known = section.exports.map((description) => description.name).join(", ") || "nothing";
  throw new FibersError("E_NO_EXPORT", `the module exports no function ${JSON.stringify(name)}; it exports ${known}`);
}
