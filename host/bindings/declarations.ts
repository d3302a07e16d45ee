/** The .d.ts file beside a module with bindings. */
import type { Bindings } from "../transform/bindings.ts";
import type { ExportDescription, ImportDescription } from "../section.ts";
import { type ChannelShape, INTEGERS, FLOATS, isChannel, LONG_INTEGERS, type Shape } from "./shape.ts";

const NUMBERS: ReadonlySet<string> = new Set([...INTEGERS, ...FLOATS]);
const BIGINTS: ReadonlySet<string> = new Set(LONG_INTEGERS);

/** What the file calls its own, and the types that it uses: classes of a program get other names. */
export const OWN_TYPES = ["App", "CallOptions", "Exports", "Imports", "LoadOptions", "StreamInput", "StreamOutput"];

/** The text of the file. */
export function writeDeclarations(bindings: Bindings, source: string): string {
  const { functions, variables, enums, records, objects, suspendingImports } = bindings;
  const sections = [
    `/** What ${source} exports. Made by as-fibers. */\nimport type { ${importedTypes(bindings)} } from "as-fibers";`,
    ...Object.entries(records).map(([name, fields]) => writeRecord(name, fields)),
    ...objects.map(writeObject),
    ...enums.map(
      ({ name, members }) => `export declare enum ${name} {\n${members.map((one) => `  ${one},`).join("\n")}\n}`,
    ),
    ...variables.map(({ name, shape }) => `export declare const ${name}: { readonly value: ${typeOf(shape)} };`),
    ...functions.filter(({ shapes }) => shapes).map((one) => writeFunction(one)),
    writeImports(suspendingImports),
    writeExports(bindings),
    '/** Makes an instance of its own, with what it imports, a driver, and so on. */\nexport declare function instantiate(options?: Omit<LoadOptions, "imports"> & { imports?: Imports }): Promise<App<Exports>>;',
  ];
  return `${sections.filter(Boolean).join("\n\n")}\n`;
}

function importedTypes({ functions, suspendingImports }: Bindings): string {
  const shapes = [...functions, ...suspendingImports].flatMap((one) => one.shapes ?? []);
  const hasStreams = shapes.some(({ parameters, result }) => [...parameters, result].some(isChannel));
  return ["App", "CallOptions", "LoadOptions", ...(hasStreams ? ["StreamInput", "StreamOutput"] : [])].join(", ");
}

/** Of what JavaScript gives. */
function givenType(shape: Shape | undefined): string {
  return isChannel(shape) ? streamType("StreamInput", shape) : typeOf(shape ?? "void");
}

/** Of what JavaScript is given. */
function takenType(shape: Shape | undefined): string {
  return isChannel(shape) ? streamType("StreamOutput", shape) : typeOf(shape ?? "void");
}

function streamType(name: string, { of, isNullable }: ChannelShape): string {
  return `${name}<${typeOf(of)}>${isNullable ? " | null" : ""}`;
}

/** The type in TypeScript. */
export function typeOf(shape: Shape): string {
  if (typeof shape === "string") {
    if (NUMBERS.has(shape)) return "number";
    if (BIGINTS.has(shape)) return "bigint";
    return shape === "bool" ? "boolean" : "void";
  }
  const name = referenceType(shape);
  return shape.isNullable ? `${name} | null` : name;
}

function referenceType(shape: Exclude<Shape, string>): string {
  switch (shape.kind) {
    case "string":
      return "string";
    case "buffer":
      return "ArrayBuffer";
    case "typedArray":
      return shape.view;
    case "array":
      return `Array<${typeOf(shape.of)}>`;
    case "staticArray":
      return `ArrayLike<${typeOf(shape.of)}>`;
    case "channel":
    case "unsupported":
      return "never";
    default:
      return shape.name;
  }
}

function writeRecord(name: string, fields: Record<string, Shape>): string {
  const lines = Object.entries(fields).map(([field, shape]) => `  ${field}: ${typeOf(shape)};`);
  return `export interface ${name} {\n${lines.join("\n")}\n}`;
}

/** Only what the program has given is one. */
function writeObject(name: string): string {
  return `/** An object of the program: it can be given back to it. */\nexport declare class ${name} {\n  private constructor();\n  private readonly __${name}: never;\n}`;
}

/** With the options last, after as many arguments as there are. */
function signatures({ parameters, required, shapes }: ExportDescription): string[] {
  const typed = parameters.map(({ name }, i) => ({ name, type: givenType(shapes?.parameters[i]) }));
  const value = shapes?.result;
  const result = isChannel(value) ? `StreamOutput<${typeOf(value.of)}>` : `Promise<${typeOf(value ?? "void")}>`;
  const whole = typed.map(({ name, type }, i) => `${name}${i < required ? "" : "?"}: ${type}`);
  const shorter = Array.from({ length: parameters.length - required }, (_, missing) =>
    typed.slice(0, required + missing).map(({ name, type }) => `${name}: ${type}`),
  );
  return [
    `(${[...whole, "options?: CallOptions"].join(", ")}): ${result}`,
    ...shorter.map((list) => `(${[...list, "options: CallOptions"].join(", ")}): ${result}`),
  ];
}

function writeFunction(description: ExportDescription & { comment: string }): string {
  const { name, comment } = description;
  const isReserved = RESERVED.has(name);
  const declared = signatures(description).map((signature) => {
    const declaration = `${isReserved ? "" : "export "}declare function ${localName(name)}${signature};`;
    return comment ? `${comment}\n${declaration}` : declaration;
  });
  if (isReserved) declared.push(`export { ${localName(name)} as ${name} };`);
  return declared.join("\n");
}

/** Words that name nothing, but may be exported names. */
const RESERVED: ReadonlySet<string> = new Set(
  "await break case catch class const continue debugger default delete do else enum export extends false finally for function if implements import in instanceof interface let new null package private protected public return static super switch this throw true try typeof var void while with yield".split(
    " ",
  ),
);

/** Under which a function is declared. */
const localName = (name: string) => (RESERVED.has(name) ? `$${name}` : name);

function writeExports({ functions, variables, enums }: Bindings): string {
  const names = [...functions.filter(({ shapes }) => shapes), ...variables, ...enums].map(({ name }) => name);
  const lines = names.map((name) => `  readonly ${name}: typeof ${localName(name)};`);
  return `/** The exports of one instance. */\nexport interface Exports {\n${lines.join("\n")}\n}`;
}

/** What a program imports with @suspends is typed; the rest is as in WebAssembly. */
function writeImports(imports: ImportDescription[]): string {
  const modules = groupByModule(imports);
  const lines = [...modules].map(
    ([module, list]) =>
      `  ${JSON.stringify(module)}?: {\n${[...list].map(writeImport).join("\n")}\n  } & WebAssembly.ModuleImports;`,
  );
  return `/** What the program imports, by module and name. Functions may return promises where the type says so. */\nexport interface Imports {\n${lines.join("\n")}\n  [module: string]: WebAssembly.ModuleImports | undefined;\n}`;
}

function groupByModule(imports: ImportDescription[]): Map<string, ImportDescription[]> {
  const groups = new Map<string, ImportDescription[]>();
  for (const one of imports) groups.set(one.module, [...(groups.get(one.module) ?? []), one]);
  return groups;
}

function writeImport({ name, parameters, shapes }: ImportDescription): string {
  const typed = parameters.map((parameter, i) => `${parameter.name}: ${takenType(shapes?.parameters[i])}`);
  const result = givenType(shapes?.result);
  return `    ${JSON.stringify(name)}?(${typed.join(", ")}): ${result} | Promise<${result}>;`;
}
