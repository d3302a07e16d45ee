/** Whether a JavaScript value is of a shape: what cannot be lowered is refused before anything of it is. */
import { describeShape, type Shape } from "./shape.ts";
import { isStream } from "./source.ts";

/** Deeper values are refused: lowering them would end on an exhausted stack, and one that contains itself never. */
const MAX_DEPTH = 1000;

/** What must be known of a module to check values for it. */
export interface ShapeRules {
  /** The fields of its records, by name. */
  records: Record<string, Record<string, Shape>>;
  /** The class that an object of the guest is of; undefined: it is none of this instance's. */
  classOf(value: object): string | undefined;
}

/** Whether a value is of a shape that takes no looking into, which most are. */
export function isPlainMatch(value: unknown, shape: Shape): boolean {
  if (typeof shape === "string") return isScalarOf(value, shape, 0);
  return shape.kind === "string" && typeof value === "string";
}

/** What is wrong with a value, as a sentence about what `path` names; null: nothing. */
export function findMismatch(value: unknown, shape: Shape, rules: ShapeRules, path: string, depth = 0): string | null {
  const mismatch = () => `${path} is of type ${describeShape(shape)}, and got ${describeValue(value)}`;
  if (depth > MAX_DEPTH) return `${path.slice(0, 60)}… is nested more than ${MAX_DEPTH} deep, or contains itself`;
  if (typeof shape === "string") return isScalarOf(value, shape, depth) ? null : mismatch();
  if (value === null || value === undefined) return shape.isNullable ? null : mismatch();
  switch (shape.kind) {
    case "string":
      return typeof value === "string" ? null : mismatch();
    case "buffer":
      return isBuffer(value) ? null : mismatch();
    case "typedArray":
      return isView(value, shape.view) ? null : mismatch();
    case "channel":
      return isStream(value) ? null : mismatch();
    case "array":
    case "staticArray":
      return isArray(value) ? findElement(value, shape.of, rules, path, depth) : mismatch();
    case "record":
      return typeof value === "object" ? findField(value, shape.name, rules, path, depth) : mismatch();
    case "object":
      return typeof value === "object" && rules.classOf(value) === shape.name ? null : mismatch();
    default:
      return mismatch();
  }
}

/** A number may stand for a 64-bit integer when it is an argument itself, not inside of one. */
function isScalarOf(value: unknown, shape: string, depth: number): boolean {
  switch (shape) {
    case "bool":
      return typeof value === "boolean";
    case "i64":
    case "u64":
      return typeof value === "bigint" || (depth === 0 && Number.isSafeInteger(value));
    case "void":
      return true;
    default:
      return typeof value === "number";
  }
}

const toStringTag = (value: unknown) => Object.prototype.toString.call(value).slice(8, -1);

function isBuffer(value: unknown): boolean {
  return toStringTag(value) === "ArrayBuffer";
}

/** Node's Buffer is a Uint8Array too. */
function isView(value: unknown, name: string): boolean {
  return ArrayBuffer.isView(value) && toStringTag(value) === name;
}

function isArray(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
}

function findElement(
  values: ArrayLike<unknown>,
  shape: Shape,
  rules: ShapeRules,
  path: string,
  depth: number,
): string | null {
  for (let i = 0; i < values.length; i++) {
    const found = findMismatch(values[i], shape, rules, `${path}[${i}]`, depth + 1);
    if (found) return found;
  }
  return null;
}

function findField(value: object, name: string, rules: ShapeRules, path: string, depth: number): string | null {
  for (const [field, shape] of Object.entries(rules.records[name] ?? {})) {
    const inner = (value as Record<string, unknown>)[field];
    const found = findMismatch(inner, shape, rules, `${path}.${field}`, depth + 1);
    if (found) return found;
  }
  return null;
}

/** A value, as messages name it. */
export function describeValue(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === "string") return value.length > 100 ? `a string of ${value.length}` : JSON.stringify(value);
  if (typeof value !== "object" && typeof value !== "function") return `${typeof value} ${String(value)}`;
  return `${typeof value} [${Array.isArray(value) ? "Array" : toStringTag(value)}]`;
}
