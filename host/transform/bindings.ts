/**
 * The transform for a module with bindings, as `as-fibers build` makes it: functions of all types are callable, and it says what a program
 * exports and imports, for the files that stand beside the module.
 *
 * asc writes how values are lifted and lowered, for all that a module exports. So here everything is taken from that list but what
 * starts and ends calls, and the program's variables.
 */
import { GIVE_PREFIX, START_PREFIX, STREAMS_MODULE, TAKE_PREFIX } from "../abi.ts";
import type { Shape } from "../bindings/shape.ts";
import type { ExportDescription, ImportDescription, SectionContent } from "../section.ts";
import { binaryen } from "./binaryen.ts";
import type { ChannelType } from "./channels.ts";
import { compiledFunctions, ElementKind } from "./compiler.ts";
import type {
  FileElement,
  FunctionElement,
  GlobalElement,
  Module,
  ProgramElement,
  ResolvedType,
  Source,
} from "./compiler.ts";
import type { EntryFunction, SignatureChannels } from "./entry.ts";
import type { GeneratedText } from "./generated-text.ts";
import FibersTransform from "./index.ts";
import type { Instrumented } from "./instrument.ts";
import { Shapes } from "./shapes.ts";
import { VerificationError } from "./verify.ts";

/** What a program exports and imports. */
export interface Bindings {
  functions: (ExportDescription & { comment: string })[];
  variables: { name: string; shape: Shape }[];
  enums: { name: string; members: string[] }[];
  suspendingImports: ImportDescription[];
  /** The names of all that it imports and as-fibers does not give, by module. */
  importedNames: Record<string, string[]>;
  records: Record<string, Record<string, Shape>>;
  /** Classes of which JavaScript has only references. */
  objects: string[];
  /** What is exported and does not cross, in words. */
  skipped: string[];
}

/** The transform, and where it leaves what it has found. */
export function bindingsTransform(onBindings: (bindings: Bindings) => void): typeof FibersTransform {
  return class extends BindingsTransform {
    protected override onBindings = onBindings;
  };
}

const CALLING = new RegExp(
  `^(${[START_PREFIX, TAKE_PREFIX, GIVE_PREFIX].map((prefix) => prefix.replaceAll("$", "\\$")).join("|")})`,
);

class BindingsTransform extends FibersTransform {
  protected override readonly isBound = true;
  protected onBindings: (bindings: Bindings) => void = () => {};
  #entry!: Source;
  #functions: EntryFunction[] = [];
  #comments = new Map<string, string>();

  protected override generate(entry: Source, functions: EntryFunction[], sources: Source[]): GeneratedText {
    this.#entry = entry;
    this.#functions = functions;
    for (const { description, declaration } of functions) {
      this.#comments.set(description.name, commentBefore(declaration.range.source.text, declaration.range.start));
    }
    return super.generate(entry, functions, sources);
  }

  protected override complete(module: Module, result: Instrumented, content: SectionContent): void {
    const bindings = { ...this.#describe(content), importedNames: importedNames(module) };
    this.onBindings(bindings);
    const variables = [...bindings.variables, ...bindings.enums].map(({ name }) => name);
    super.complete(module, result, { ...content, variables, records: bindings.records });
  }

  #describe({ suspendingImports }: SectionContent): Omit<Bindings, "importedNames"> {
    const shapes = new Shapes(this.program);
    const file = this.program.filesByName.get(this.#entry.internalPath) as FileElement;
    const exported = collectExports(file);
    const functions = this.#functions.map(({ description, channels }) => {
      describeFunction(description, exported.get(description.name), shapes, channels);
      return Object.assign({ comment: this.#comments.get(description.name) ?? "" }, description);
    });
    this.#describeImports(shapes);
    const described = new Set(functions.map(({ name }) => name));
    const others = [...exported].filter(([name]) => !name.startsWith("__fibers_") && !described.has(name));
    const found = {
      functions,
      variables: others.filter(([, one]) => isGlobal(one)).map(([name, one]) => variable(name, one, shapes)),
      enums: others.filter(([, { kind }]) => kind === ElementKind.Enum).map(([name, one]) => enumOf(name, one)),
      suspendingImports,
      records: shapes.records,
      objects: shapes.objects,
      skipped: others.map(([name, { kind }]) => describeSkipped(name, kind)).filter((text) => text !== ""),
    };
    keepOnlyCalling(file, exported);
    return found;
  }

  #describeImports(shapes: Shapes): void {
    const compiled = new Map(compiledFunctions(this.program).map((one) => [one.internalName, one]));
    for (const { description, source, localName, channels } of this.suspendingImports) {
      const found = compiled.get(`${source.internalPath}/${localName}`) as unknown as Signed | undefined;
      // One that is never called has no types.
      if (found) description.shapes = shapesOf(localName, found, shapes, channels);
    }
  }
}

interface Signed {
  signature: { parameterTypes: Parameters<Shapes["of"]>[0][]; returnType: Parameters<Shapes["of"]>[0] };
}

/** The text of the program has to tell: it is what the functions are made of that give and take its values. */
function refuseUnseen(name: string, type: ResolvedType): never {
  const message = `${name} takes or returns ${describeType(type)} by a name that the build does not see through: import Channel from "as-fibers/assembly" in its file, and write Channel<…>, or a type of that file that is one`;
  throw new VerificationError("E_UNSEEN_CHANNEL", name, message);
}

/** Without the paths of files. */
const describeType = (type: ResolvedType) => type.toString().replaceAll(/[^<>,| ]*\//g, "");

function shapesOf(
  name: string,
  { signature }: Signed,
  shapes: Shapes,
  channels: SignatureChannels,
): { parameters: Shape[]; result: Shape } {
  const shapeOf = (type: ResolvedType, channel: ChannelType | undefined) => {
    if (!channel && shapes.isChannel(type)) refuseUnseen(name, type);
    return shapes.of(type, channel?.item);
  };
  return {
    parameters: signature.parameterTypes.map((type, i) => shapeOf(type, channels.parameters[i])),
    result: shapeOf(signature.returnType, channels.result),
  };
}

function describeFunction(
  description: ExportDescription,
  element: ProgramElement | undefined,
  shapes: Shapes,
  channels: SignatureChannels,
): void {
  const instance = (element as FunctionElement | undefined)?.instances?.values().next().value;
  if (instance) description.shapes = shapesOf(description.name, instance, shapes, channels);
}

/** All that a file exports, also of other files. */
function collectExports(file: FileElement, found = new Map<string, ProgramElement>()): Map<string, ProgramElement> {
  for (const [name, element] of file.exports ?? []) if (!found.has(name)) found.set(name, element);
  for (const star of file.exportsStar ?? []) collectExports(star, found);
  return found;
}

const isGlobal = ({ kind }: ProgramElement) => kind === ElementKind.Global;

function variable(name: string, element: ProgramElement, shapes: Shapes): { name: string; shape: Shape } {
  return { name, shape: shapes.of((element as GlobalElement).type) };
}

function enumOf(name: string, { members }: ProgramElement): { name: string; members: string[] } {
  return { name, members: [...(members?.keys() ?? [])] };
}

function describeSkipped(name: string, kind: number): string {
  if (kind === ElementKind.FunctionPrototype)
    return `the function ${name} is generic: export one of certain types that calls it`;
  if (kind === ElementKind.Namespace) return `${name} is a namespace: export its functions by themselves`;
  return "";
}

/** What asc is to write: the functions that start and end calls, and variables. */
function keepOnlyCalling(file: FileElement, exported: Map<string, ProgramElement>): void {
  const kept = [...exported].filter(
    ([name, { kind }]) => CALLING.test(name) || kind === ElementKind.Global || kind === ElementKind.Enum,
  );
  file.exports = new Map(kept);
  file.exportsStar = null;
}

const OWN_MODULES: ReadonlySet<string> = new Set(["as-fibers", STREAMS_MODULE, "env"]);

/** What a module imports of others than as-fibers. */
function importedNames(module: Module): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (let i = 0; i < module.getNumFunctions(); i++) {
    const info = binaryen.getFunctionInfo(module.getFunctionByIndex(i));
    if (info.module && !OWN_MODULES.has(info.module)) (found[info.module] ??= []).push(info.base ?? "");
  }
  return found;
}

/** The doc comment that ends before this position; empty when there is none. */
function commentBefore(text: string, position: number): string {
  const before = /\/\*\*(?:(?!\*\/)[\s\S])*\*\/(?=(\s|export|declare|function|@\w+(\([^)]*\))?)*$)/.exec(
    text.slice(0, position),
  );
  return before?.[0] ?? "";
}
