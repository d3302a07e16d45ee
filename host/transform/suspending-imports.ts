/**
 * Imports that suspend: in the place of `@suspends declare function` the transform puts a function that waits for what JavaScript answers.
 * Written as AssemblyScript text, into the file that declares it, where the types of its parameters are known. See `assembly/host-call.ts`.
 */
import { GIVE_PREFIX } from "../abi.ts";
import type { ImportDescription } from "../section.ts";
import { CommonFlags, NodeKind } from "./compiler.ts";
import type { DecoratorNode, FunctionDeclaration, NamespaceDeclaration, Source, Statement } from "./compiler.ts";
import { type Channels, lend, open } from "./channels.ts";
import { channelsOf, describe, isFunction, isPlainType, NO_CHANNELS, type SignatureChannels } from "./entry.ts";
import { type GeneratedText, pathBetween } from "./generated-text.ts";
import { VerificationError } from "./verify.ts";

const NULLABLE = /\s*\|\s*null$/;

const DECORATOR = "suspends";

/** An import of this name that ends so leaves a status in place of failing. */
const STATUS_SUFFIX = "OrError";

export interface SuspendingImport {
  description: ImportDescription;
  /** The file that declares it, and its name there. */
  source: Source;
  localName: string;
  channels: SignatureChannels;
}

/**
 * Takes the declarations out of the program, and adds what stands in for them.
 * @param channels for a module with bindings, where channels cross the border
 * @throws VerificationError for a declaration that cannot be one
 */
export function replaceSuspendingImports(
  entry: Source,
  sources: Source[],
  channels: Channels | undefined,
  added: GeneratedText,
): SuspendingImport[] {
  const found: SuspendingImport[] = [];
  for (const source of sources) {
    if (!source.text.includes(`@${DECORATOR}`) || source.normalizedPath.startsWith("~lib/as-fibers/")) continue;
    source.statements.forEach(refuseNested);
    const declarations = source.statements.filter(isSuspending);
    source.statements = source.statements.filter((statement) => !isSuspending(statement));
    if (declarations.length) added.add(source, IMPORTS);
    for (const declaration of declarations) {
      const suspending = describeImport(declaration, source);
      if (channels) suspending.channels = channelsOf(declaration, channels);
      added.add(source, standIn(declaration, suspending, found.length));
      if (source !== entry) added.add(entry, passOn(entry, source, suspending, found.length));
      found.push(suspending);
    }
  }
  return found;
}

const IMPORTS = [
  `import { makeHostCall as __fibers_make_call, beginHostCall as __fibers_begin_call, endHostCall as __fibers_end_call, endHostCallOrError as __fibers_end_call_or_error, resultOf as __fibers_result_of, giveResult as __fibers_give_result } from "as-fibers/assembly/host-call";`,
  `import { suspend as __fibers_suspend } from "as-fibers/assembly/context";`,
].join("\n");

function suspendsDecorator(statement: Statement): DecoratorNode | undefined {
  if (!isFunction(statement)) return undefined;
  return statement.decorators?.find(({ name }) => name.text === DECORATOR);
}

function isSuspending(statement: Statement): statement is FunctionDeclaration {
  return suspendsDecorator(statement) !== undefined;
}

function refuseNested(statement: Statement): void {
  if (statement.kind !== NodeKind.NamespaceDeclaration) return;
  const { name, members } = statement as NamespaceDeclaration;
  members.forEach(refuseNested);
  const inner = members.find(isSuspending);
  if (!inner) return;
  const message = `${inner.name.text} is declared with @suspends inside of the namespace ${name.text}: declare it at the top level of a file`;
  throw new VerificationError("E_INVALID_SUSPENDS", inner.name.text, message);
}

function describeImport(declaration: FunctionDeclaration, source: Source): SuspendingImport {
  const localName = declaration.name.text;
  if (!(declaration.flags & CommonFlags.Ambient) || declaration.typeParameters?.length) {
    const message = `@suspends is for imports, and ${localName} is ${declaration.typeParameters?.length ? "generic" : "a function of the program"}: write "@suspends declare function ${localName}(…): …;", or leave @suspends out`;
    throw new VerificationError("E_INVALID_SUSPENDS", localName, message);
  }
  const leavesStatus = localName.endsWith(STATUS_SUFFIX);
  const external = declaration.decorators?.find(({ name }) => name.text === "external")?.args ?? [];
  const given = external.map(({ value }) => value);
  const name = given.at(-1) ?? (leavesStatus ? localName.slice(0, -STATUS_SUFFIX.length) : localName);
  const module = given.length > 1 ? (given[0] as string) : (declaration.overriddenModuleName ?? source.simplePath);
  const described = describe(name, declaration);
  // A result that may be null needs no bindings either.
  const isPlain = [...described.parameters.map(({ type }) => type), described.result.replace(NULLABLE, "")].every(
    (type) => type === "void" || isPlainType(type),
  );
  return {
    description: { ...described, callable: isPlain, module, leavesStatus },
    source,
    localName,
    channels: NO_CHANNELS,
  };
}

/** What stands in the place of the declaration. */
function standIn(declaration: FunctionDeclaration, suspending: SuspendingImport, index: number): string {
  const { description, localName, channels } = suspending;
  const { module, name, parameters, result, leavesStatus } = description;
  const typed = parameters.map((parameter) => `${parameter.name}: ${parameter.type}`).join(", ");
  // A channel is the number of a stream to JavaScript, both ways.
  const raw = parameters.map((one, i) => `${one.name}: ${channels.parameters[i] ? "u32" : one.type}`).join(", ");
  const given = parameters.map((parameter, i) => {
    const channel = channels.parameters[i];
    return channel ? lend(channel, parameter.name, `${parameter.name} for ${name}`) : parameter.name;
  });
  const rawResult = channels.result ? "u32" : result;
  const taken = `__fibers_result_of<${rawResult}>(__fibers_call)`;
  const isVoid = result === "void";
  const modifier = declaration.flags & CommonFlags.Export ? "export " : "";
  const nullable = `if (isReference<${result}>() && !isNullable<${result}>()) ERROR("${localName} leaves a status and returns null when it fails: let it return ${result} | null");`;
  const lines = [
    `@external(${JSON.stringify(module)}, ${JSON.stringify(name)}) declare function __fibers_call_${index}(${raw}): void;`,
    `${modifier}function ${localName}(${typed}): ${result} {`,
    leavesStatus && !isVoid ? nullable : "",
    `  const __fibers_call = __fibers_make_call();`,
    `  __fibers_call_${index}(${given.join(", ")});`,
    `  if (__fibers_begin_call(${index}, __fibers_call)) __fibers_suspend();`,
    leavesStatus
      ? `  __fibers_end_call_or_error(__fibers_call);`
      : `  if (__fibers_end_call(__fibers_call)) __fibers_suspend();`,
    isVoid ? "" : `  return ${channels.result ? open(channels.result, taken, `stream of ${name}`) : taken};`,
    `}`,
  ];
  if (!isVoid) {
    lines.push(
      `export function ${GIVE_PREFIX}${index}(call: usize, value: ${rawResult}): void { __fibers_give_result<${rawResult}>(call, value); }`,
    );
  }
  return lines.join("\n");
}

/** What exports from the entry file how another file's import is given its result. */
function passOn(entry: Source, source: Source, { description }: SuspendingImport, index: number): string {
  if (description.result === "void") return "";
  return `export { ${GIVE_PREFIX}${index} } from ${JSON.stringify(pathBetween(entry, source))};`;
}
