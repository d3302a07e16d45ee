/**
 * Channels that cross the border: for each type of them, in each file that has it in a signature, the functions by which JavaScript gives
 * such a channel a value, and is given one. Written as AssemblyScript text; see `assembly/stream.ts`.
 */
import { GIVE_ITEM_PREFIX, STREAMS_MODULE } from "../abi.ts";
import { NodeKind } from "./compiler.ts";
import type { ImportStatement, NamedTypeNode, Source, Statement, TypeDeclaration, TypeNode } from "./compiler.ts";
import { type GeneratedText, pathBetween } from "./generated-text.ts";

const LIBRARY = "~lib/as-fibers/assembly";

/** A channel in a signature. */
export interface ChannelType {
  /** Number of its type, in the module. */
  item: number;
  isNullable: boolean;
}

const IMPORTS = [
  `import { Channel as __fibers_Channel } from "as-fibers/assembly/channel";`,
  `import { beginCallStream as __fibers_begin_stream, beginServing as __fibers_begin_serving } from "as-fibers/assembly/call-stream";`,
  `import { awaitDemand as __fibers_await_demand, borrowStream as __fibers_borrow_stream, lendChannel as __fibers_lend_channel, openStream as __fibers_open_stream } from "as-fibers/assembly/stream";`,
  `import { giveResult as __fibers_give_item } from "as-fibers/assembly/host-call";`,
].join("\n");

export class Channels {
  readonly #entry: Source;
  readonly #added: GeneratedText;
  /** By file, and by what is in them. */
  readonly #items = new Map<Source, Map<string, number>>();
  #count = 0;

  /** @param entry the file that exports what the host calls */
  constructor(entry: Source, added: GeneratedText) {
    this.#entry = entry;
    this.#added = added;
  }

  /** Whether one was found. */
  get areUsed(): boolean {
    return this.#count > 0;
  }

  /** What channel a type in a file is; undefined: it is none. */
  find(type: TypeNode, source: Source): ChannelType | undefined {
    const found = resolveChannel(type, source);
    return found && { item: this.#itemOf(found.of, source), isNullable: found.isNullable };
  }

  #itemOf(of: string, source: Source): number {
    let items = this.#items.get(source);
    if (!items) {
      this.#items.set(source, (items = new Map()));
      this.#added.add(source, IMPORTS);
    }
    let item = items.get(of);
    if (item === undefined) {
      items.set(of, (item = this.#count++));
      this.#added.add(source, writeItem(item, of));
      if (source !== this.#entry) {
        const path = JSON.stringify(pathBetween(this.#entry, source));
        this.#added.add(this.#entry, `export { ${GIVE_ITEM_PREFIX}${item} } from ${path};`);
      }
    }
    return item;
  }
}

function writeItem(item: number, of: string): string {
  return [
    `export function ${GIVE_ITEM_PREFIX}${item}(call: usize, value: ${of}): void { __fibers_give_item<${of}>(call, value); }`,
    `@external("${STREAMS_MODULE}", "send_${item}") declare function __fibers_send_${item}(call: u32, value: ${of}): void;`,
    `function __fibers_serve_${item}(channel: __fibers_Channel<${of}>): void {`,
    `  const call = __fibers_begin_serving<${of}>(channel);`,
    `  while (__fibers_await_demand(call) && channel.next()) __fibers_send_${item}(call, channel.value);`,
    `}`,
    `function __fibers_borrow_${item}(stream: u32, name: string): __fibers_Channel<${of}> | null { return __fibers_borrow_stream<${of}>(stream, name); }`,
    `function __fibers_open_${item}(stream: u32, name: string): __fibers_Channel<${of}> | null { return __fibers_open_stream<${of}>(stream, name); }`,
    `function __fibers_lend_${item}(channel: __fibers_Channel<${of}> | null, name: string): u32 { return __fibers_lend_channel<${of}>(channel, __fibers_serve_${item}, name); }`,
  ].join("\n");
}

/** An expression for the channel of a stream that the running fiber leaves when it ends. */
export function borrow({ item, isNullable }: ChannelType, stream: string, name: string): string {
  return `__fibers_borrow_${item}(${stream}, ${JSON.stringify(name)})${isNullable ? "" : "!"}`;
}

/** The same, of a stream that is the program's own. */
export function open({ item, isNullable }: ChannelType, stream: string, name: string): string {
  return `__fibers_open_${item}(${stream}, ${JSON.stringify(name)})${isNullable ? "" : "!"}`;
}

/** An expression for what JavaScript is given for a channel. */
export function lend({ item }: ChannelType, channel: string, name: string): string {
  return `__fibers_lend_${item}(${channel}, ${JSON.stringify(name)})`;
}

/** Statements that call a function and serve JavaScript the values of the channel that it returns. */
export function serve({ item, isNullable }: ChannelType, call: string): string {
  const channel = "__fibers_channel";
  const served = `__fibers_serve_${item}(${channel})`;
  return `__fibers_begin_stream(); const ${channel} = ${call}; ${isNullable ? `if (${channel}) ` : ""}${served};`;
}

interface Found {
  /** What is in it, as written in the file. */
  of: string;
  isNullable: boolean;
}

function resolveChannel(type: TypeNode, source: Source): Found | undefined {
  if (type.kind !== NodeKind.NamedType) return undefined;
  const { name, typeArguments, isNullable } = type as NamedTypeNode;
  if (name.next) return undefined;
  const { text } = name.identifier;
  const alias = source.statements.find((statement) => isAlias(statement, text)) as TypeDeclaration | undefined;
  if (alias) {
    const found = resolveChannel(alias.type, source);
    return found && { ...found, isNullable: isNullable || found.isNullable };
  }
  const [of] = typeArguments ?? [];
  if (!of || !source.statements.some((statement) => importsChannel(statement, text))) return undefined;
  return { of: of.range.toString(), isNullable };
}

function isAlias(statement: Statement, name: string): boolean {
  if (statement.kind !== NodeKind.TypeDeclaration) return false;
  const { name: declared, typeParameters } = statement as TypeDeclaration;
  return declared.text === name && !typeParameters?.length;
}

/** Whether it imports the library's class by this name. */
function importsChannel(statement: Statement, name: string): boolean {
  if (statement.kind !== NodeKind.Import) return false;
  const { internalPath, declarations } = statement as ImportStatement;
  if (!internalPath.startsWith(LIBRARY)) return false;
  return declarations?.some((one) => one.name.text === name && one.foreignName.text === "Channel") ?? false;
}
