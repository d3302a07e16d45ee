/** Types, as asc has resolved them, as `Shape`s. Classes are told apart as asc does it when it writes lifting and lowering. */
import { OWN_TYPES } from "../bindings/declarations.ts";
import { type Reference, type Shape, TYPED_ARRAYS, type TypedArrayName } from "../bindings/shape.ts";
import { CommonFlags, ElementKind, TypeFlags } from "./compiler.ts";
import type { ClassElement, Program, PropertyElement, ResolvedType } from "./compiler.ts";
import { LIBRARY_PATH } from "./verify.ts";

const TYPESCRIPT_TYPES = ["Array", "ArrayBuffer", "ArrayLike", "Omit", "Promise", "WebAssembly", ...TYPED_ARRAYS];

const CHANNEL = `${LIBRARY_PATH}channel/Channel`;

const SCALARS = /^(bool|void|[iu](8|16|32|64|size)|f32|f64)$/;

/** The shapes of a program's types, and what its classes are called in JavaScript. */
export class Shapes {
  readonly #program: Program;
  readonly #names = new Map<ClassElement, string>();
  /** The fields of the classes that cross as plain objects. */
  readonly records: Record<string, Record<string, Shape>> = {};
  /** The names of those of which JavaScript has only a reference. */
  readonly objects: string[] = [];

  constructor(program: Program) {
    this.#program = program;
  }

  /** @param item of a channel whose values cross the border: the number of its type */
  of(type: ResolvedType, item?: number): Shape {
    const name = type.toString();
    if (SCALARS.test(name)) return name as Shape;
    const shape = item === undefined ? this.#reference(type) : this.#channel(type, item);
    return type.is(TypeFlags.Nullable) ? { ...shape, isNullable: true } : shape;
  }

  #reference(type: ResolvedType): Reference {
    const found = type.isInternalReference ? type.getClass() : null;
    // A function, or something of the engine's.
    if (!found) return { kind: "unsupported", name: type.toString() };
    const { stringInstance, arrayBufferInstance, arrayBufferViewInstance, arrayPrototype, staticArrayPrototype } =
      this.#program;
    const isOf = (instance: { prototype: object }) => found.extendsPrototype(instance.prototype);
    if (isOf(arrayBufferInstance)) return { kind: "buffer" };
    if (isOf(stringInstance)) return { kind: "string" };
    if (found.extendsPrototype(arrayPrototype)) return { kind: "array", of: this.of(found.getArrayValueType()) };
    if (found.extendsPrototype(staticArrayPrototype)) {
      return { kind: "staticArray", of: this.of(found.getArrayValueType()) };
    }
    if (isOf(arrayBufferViewInstance)) return viewOf(found);
    return this.#class(found);
  }

  /** Whether it is the library's class itself. */
  isChannel(type: ResolvedType): boolean {
    const found = type.isInternalReference ? type.getClass() : null;
    return found?.prototype.internalName === CHANNEL;
  }

  #channel(type: ResolvedType, item: number): Reference {
    const [of] = type.getClass()?.typeArguments ?? [];
    return { kind: "channel", item, of: this.of(of as ResolvedType) };
  }

  #class(found: ClassElement): Reference {
    const known = this.#names.get(found);
    const name = known ?? this.#nameOf(found);
    const isRecord = isPlainObject(found);
    if (known === undefined) {
      this.#names.set(found, name);
      if (isRecord) this.#addRecord(name, found);
      else this.objects.push(name);
    }
    return { kind: isRecord ? "record" : "object", name };
  }

  /** A name of its own, that TypeScript takes too. */
  #nameOf(found: ClassElement): string {
    const plain = found.name
      .replaceAll(/[^<>,| ]*\//g, "")
      .replaceAll(/\W+/g, "_")
      .replace(/_$/, "");
    const taken = new Set([...OWN_TYPES, ...TYPESCRIPT_TYPES, ...this.#names.values()]);
    let name = plain;
    for (let i = 2; taken.has(name); i++) name = `${plain}${i}`;
    return name;
  }

  #addRecord(name: string, found: ClassElement): void {
    const fields: Record<string, Shape> = {};
    this.records[name] = fields;
    for (const member of found.members?.values() ?? []) {
      if (member.kind !== ElementKind.PropertyPrototype) continue;
      const { instance } = member as PropertyElement;
      if (instance?.isField) fields[instance.name] = this.of(instance.type);
    }
  }
}

/** A typed array; a DataView does not cross. */
function viewOf({ name }: ClassElement): Reference {
  // JavaScript's names of those with 64 bits say how it sees them.
  const named = name.replace(/^(?=U?[Ii]nt64Array$)/, "Big");
  const view = TYPED_ARRAYS.find((candidate: TypedArrayName) => candidate === named);
  return view ? { kind: "typedArray", view } : { kind: "unsupported", name };
}

/** It inherits from nothing, hides nothing, and has no constructor of its own. */
function isPlainObject(found: ClassElement): boolean {
  if (found.base && !found.prototype.implicitlyExtendsObject) return false;
  for (const member of found.members?.values() ?? []) {
    if (member.isAny(CommonFlags.Private | CommonFlags.Protected)) return false;
    // One that asc has made is none.
    if (member.is(CommonFlags.Constructor) && member.declaration.range.source.normalizedPath !== "~lib/native.ts") {
      return false;
    }
  }
  return true;
}
