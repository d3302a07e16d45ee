/**
 * The parts of the AssemblyScript compiler that the transform touches: shapes only. The compiler hands its own objects to a
 * transform; these interfaces name what is read from them, so that the rest of the transform is checked.
 */
import * as assemblyscript from "assemblyscript";
import type binaryen from "assemblyscript/binaryen";

/** A Binaryen module, as asc gives it to `afterCompile`. */
export type Module = binaryen.Module;

/** asc's enums: const enums in its types, plain objects when it runs. */
export const { CommonFlags, NodeKind, SourceKind } = assemblyscript as unknown as {
  CommonFlags: Record<"Export" | "Ambient" | "Private" | "Protected" | "Constructor" | "Compiled", number>;
  NodeKind: Record<
    "FunctionDeclaration" | "NamespaceDeclaration" | "Export" | "Import" | "NamedType" | "TypeDeclaration",
    number
  >;
  SourceKind: { UserEntry: number };
};
export const { ElementKind, TypeFlags } = assemblyscript as unknown as {
  ElementKind: Record<"Global" | "Enum" | "FunctionPrototype" | "PropertyPrototype" | "Namespace", number>;
  TypeFlags: Record<"Nullable", number>;
};

export interface Range {
  source: Source;
  /** Where it begins in the source. */
  start: number;
  toString(): string;
}

export interface TypeNode {
  kind: number;
  range: Range;
}

export interface NamedTypeNode extends TypeNode {
  /** `next`: what follows a dot. */
  name: { identifier: { text: string }; next: object | null };
  typeArguments: TypeNode[] | null;
  isNullable: boolean;
}

/** `type … = …`. */
export interface TypeDeclaration extends Statement {
  name: { text: string };
  typeParameters: unknown[] | null;
  type: TypeNode;
}

export interface ParameterNode {
  name: { text: string };
  type: TypeNode;
  initializer: { range: Range } | null;
}

export interface Statement {
  kind: number;
  range: Range;
}

export interface FunctionDeclaration extends Statement {
  name: { text: string };
  flags: number;
  decorators: DecoratorNode[] | null;
  /** Of a `module` statement. */
  overriddenModuleName: string | null;
  typeParameters: unknown[] | null;
  signature: { parameters: ParameterNode[]; returnType: TypeNode };
}

export interface DecoratorNode {
  name: { text: string };
  args: { value: string }[] | null;
}

export interface NamespaceDeclaration extends Statement {
  name: { text: string };
  flags: number;
  members: Statement[];
}

export interface ExportStatement extends Statement {
  path: { value: string } | null;
  internalPath: string | null;
  /** Null: everything (`*`). */
  members: { localName: { text: string }; exportedName: { text: string } }[] | null;
}

export interface ImportStatement extends Statement {
  internalPath: string;
  declarations: { name: { text: string }; foreignName: { text: string } }[] | null;
}

export interface Source {
  sourceKind: number;
  normalizedPath: string;
  internalPath: string;
  /** The file's name, without folder and ending. */
  simplePath: string;
  text: string;
  statements: Statement[];
  /** What the module knows it by; -1: it does not. */
  debugInfoIndex: number;
  /** From 1. */
  lineAt(position: number): number;
  /** Of the position that `lineAt` was asked for last, from 1. */
  columnAt(): number;
}

export interface Parser {
  parseFile(text: string, path: string, isEntry: boolean): void;
}

/** Runtime as asc numbers it. */
export const RUNTIME_NAMES = ["stub", "minimal", "incremental"] as const;
export type RuntimeName = (typeof RUNTIME_NAMES)[number];

/** The function that asc makes for the top-level statements of a file. */
export interface StartFunction {
  internalName: string;
  /** 0 when the file has no such statements. */
  ref: number;
  addDebugInfo(writer: DebugInfoWriter, ref: number): void;
}

export interface DebugInfoWriter {
  setDebugLocation(func: number, expression: number, file: number, line: number, column: number): void;
  setLocalName(func: number, local: number, name: string): void;
}

/** A function as it was compiled: of a generic one, for certain types. */
export interface CompiledFunction {
  internalName: string;
  prototype: { internalName: string };
  declaration: { signature?: { parameters: ParameterNode[] } };
  /** Expressions of its body, and where they stand in the source. */
  debugLocations: Map<number, Range>;
}

/** A type, resolved. */
export interface ResolvedType {
  /** A class or interface of the program's own memory. */
  isInternalReference: boolean;
  is(flag: number): boolean;
  getClass(): ClassElement | null;
  toString(): string;
}

/** Anything that has a name in a program. */
export interface ProgramElement {
  kind: number;
  name: string;
  internalName: string;
  members: Map<string, ProgramElement> | null;
  declaration: { range: Range };
  is(flag: number): boolean;
  isAny(flags: number): boolean;
}

export interface ClassElement extends ProgramElement {
  base: ClassElement | null;
  prototype: { implicitlyExtendsObject: boolean; internalName: string };
  extendsPrototype(prototype: object): boolean;
  getArrayValueType(): ResolvedType;
  /** Of a generic class. */
  typeArguments: ResolvedType[] | null;
}

/** A field, when it is one. */
export interface PropertyElement extends ProgramElement {
  instance: { name: string; isField: boolean; type: ResolvedType } | null;
}

export interface GlobalElement extends ProgramElement {
  type: ResolvedType;
}

export interface FunctionElement extends ProgramElement {
  instances: Map<string, { signature: { parameterTypes: ResolvedType[]; returnType: ResolvedType } }> | null;
}

/** A file of the program, as compiled. */
export interface FileElement {
  startFunction: StartFunction;
  exports: Map<string, ProgramElement> | null;
  /** The files that it exports everything of. */
  exportsStar: FileElement[] | null;
  /** Its elements by name. */
  members: Map<string, ProgramElement> | null;
}

export interface Program {
  sources: Source[];
  /** Functions, classes and others. */
  instancesByName: Map<string, object>;
  filesByName: Map<string, FileElement>;
  /** What classes are told apart by. */
  stringInstance: ClassElement;
  arrayBufferInstance: ClassElement;
  arrayBufferViewInstance: ClassElement;
  arrayPrototype: object;
  staticArrayPrototype: object;
  options: {
    runtime: number;
    stackSize: number;
    exportStart: string | null;
    optimizeLevelHint: number;
    shrinkLevelHint: number;
    debugInfo: boolean;
    sourceMap: boolean;
  };
}

/** All functions of a program that were compiled. */
export function compiledFunctions({ instancesByName }: Program): CompiledFunction[] {
  const isFunction = (element: object): element is CompiledFunction =>
    "debugLocations" in element && "prototype" in element;
  return [...instancesByName.values()].filter(isFunction);
}
