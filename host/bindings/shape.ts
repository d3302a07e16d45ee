/** `Shape`: a type of AssemblyScript as JavaScript sees it, written by the transform; checks of values, and TypeScript, are made from it. */

export const INTEGERS = ["i8", "u8", "i16", "u16", "i32", "u32", "isize", "usize"] as const;
export const LONG_INTEGERS = ["i64", "u64"] as const;
export const FLOATS = ["f32", "f64"] as const;

export type Scalar = (typeof INTEGERS)[number] | (typeof LONG_INTEGERS)[number] | (typeof FLOATS)[number] | "bool";

/** What is not a scalar. */
export type Reference =
  | { kind: "string" | "buffer" }
  /** `view` is the name of JavaScript's class. */
  | { kind: "typedArray"; view: TypedArrayName }
  | { kind: "array" | "staticArray"; of: Shape }
  /** A channel of such values, which JavaScript sees as a stream. `item`: the number of its type in the module. */
  | { kind: "channel"; of: Shape; item: number }
  /** A class that crosses as a plain object, by its name in the module's table of them. */
  | { kind: "record"; name: string }
  /** A class that crosses as something that JavaScript can only give back. */
  | { kind: "object"; name: string }
  /** A type that cannot cross. */
  | { kind: "unsupported"; name: string };

export type Shape = Scalar | "void" | (Reference & { isNullable?: true });

/** A channel. */
export type ChannelShape = Extract<Shape, { kind: "channel" }>;

/** Whether a value of this shape is a stream to JavaScript. */
export function isChannel(shape: Shape | undefined): shape is ChannelShape {
  return typeof shape === "object" && shape.kind === "channel";
}

export const TYPED_ARRAYS = [
  "Int8Array",
  "Uint8Array",
  "Uint8ClampedArray",
  "Int16Array",
  "Uint16Array",
  "Int32Array",
  "Uint32Array",
  "BigInt64Array",
  "BigUint64Array",
  "Float32Array",
  "Float64Array",
] as const;
export type TypedArrayName = (typeof TYPED_ARRAYS)[number];

/** Whether a value of this shape crosses without lifting and lowering. */
export function isScalar(shape: Shape): shape is Scalar {
  return typeof shape === "string" && shape !== "void";
}

/** The type as AssemblyScript writes it. */
export function describeShape(shape: Shape): string {
  if (typeof shape === "string") return shape;
  const name = nameOf(shape);
  return shape.isNullable ? `${name} | null` : name;
}

function nameOf(shape: Reference): string {
  switch (shape.kind) {
    case "string":
      return "string";
    case "buffer":
      return "ArrayBuffer";
    case "typedArray":
      return shape.view;
    case "array":
      return `Array<${describeShape(shape.of)}>`;
    case "staticArray":
      return `StaticArray<${describeShape(shape.of)}>`;
    case "channel":
      return `Channel<${describeShape(shape.of)}>`;
    default:
      return shape.name;
  }
}
