/**
 * The one transform: makes an AssemblyScript program's functions able to suspend, and its exports callable as fibers.
 * Used by `"extends": "as-fibers/asconfig.json"`; there is nothing else to configure.
 */
import { version as compilerVersion } from "assemblyscript/asc";
import { type Binaryen, binaryen, useBinaryen } from "./binaryen.ts";
import {
  ABI_VERSION,
  GENERATED_SUFFIX,
  LIVE_BYTES_EXPORT,
  REFUSE_EXPORT,
  STACK_POINTER_EXPORT,
  START_EXPORT,
} from "../abi.ts";
import { SECTION_NAME, type SectionContent } from "../section.ts";
import { libraryVersion } from "../version.ts";
import { addCallLines } from "./call-lines.ts";
import { Channels } from "./channels.ts";
import { bindCollections, generateCollections } from "./collections.ts";
import { type Module, type Parser, type Program, RUNTIME_NAMES, type Source, SourceKind } from "./compiler.ts";
import { type EntryFunction, exportedFunctions, generateEntry } from "./entry.ts";
import { GeneratedText } from "./generated-text.ts";
import { addGlobalsCopy } from "./globals.ts";
import { instrument, type Instrumented, type InstrumentOptions } from "./instrument.ts";
import { bindParking, generateParking } from "./parking.ts";
import { findRuntimeFunctions } from "./runtime-functions.ts";
import { numberSites } from "./sites.ts";
import { restoreStartLines } from "./start-lines.ts";
import { replaceSuspendingImports, type SuspendingImport } from "./suspending-imports.ts";
import { verifyOneSwitch, verifyShadowStack, VerificationError } from "./verify.ts";

/** Deepest recursion that suspends with a shadow stack of this size: about 13,000 frames with a managed local each. */
const STACK_SIZE = 262_144;

const STACK_POINTER = "~lib/memory/__stack_pointer";
/** The collector's count of bytes, by runtime. */
export const LIVE_BYTES = ["~lib/rt/itcms/total", "~lib/rt/tcms/total"];

/** asc constructs this class, after it has put its own objects on the prototype. */
export default class FibersTransform {
  declare readonly program: Program;
  declare readonly binaryen: Binaryen | undefined;
  declare readonly stderr: { write(text: string): void };
  #exports: EntryFunction[] = [];

  /** Adds to each entry file what makes its exports callable. */
  afterParse(parser: Parser): void {
    const { options, sources } = this.program;
    useBinaryen(this.binaryen);
    reportFaults(() => verifyOneSwitch(sources));
    if (!options.stackSize) options.stackSize = STACK_SIZE;
    options.exportStart = START_EXPORT;
    const entry = sources.find(
      (source) => source.sourceKind === SourceKind.UserEntry && !source.internalPath.startsWith("~lib/"),
    );
    if (!entry) return;
    this.#exports = exportedFunctions(entry, sources);
    reportFaults(() => {
      const added = this.generate(entry, this.#exports, sources);
      for (const [source, text] of added) moveInto(source, parser, sources, text);
    });
  }

  /** What is added to the files of the program. */
  protected generate(entry: Source, functions: EntryFunction[], sources: Source[]): GeneratedText {
    const added = new GeneratedText();
    const channels = this.isBound ? new Channels(entry, added) : undefined;
    this.suspendingImports = replaceSuspendingImports(entry, sources, channels, added);
    generateEntry(entry, functions, channels, added);
    if (this.suspendingImports.length || channels?.areUsed) {
      added.add(entry, `export { refuseHostCall as ${REFUSE_EXPORT} } from "as-fibers/assembly/host-call";`);
    }
    added.add(entry, generateParking(sources));
    added.add(entry, generateCollections());
    return added;
  }

  /** Whether the module is built with bindings: see `bindings.ts`. */
  protected readonly isBound: boolean = false;
  protected suspendingImports: SuspendingImport[] = [];

  /** Instruments, and arranges for the custom section to be written when asc emits. */
  afterCompile(module: Module): void {
    const { options } = this.program;
    const runtime = RUNTIME_NAMES[options.runtime] ?? "incremental";
    reportFaults(() => {
      verifyShadowStack(options.stackSize, runtime);
      if (options.sourceMap) {
        restoreStartLines(this.program, module);
        addCallLines(this.program, module);
      }
      for (const { description } of this.#exports) module.removeExport(description.name);
      this.bind(module);
      const sites = options.sourceMap ? numberSites(this.program, module) : [];
      const stackEnd = constantGlobal(module, "~lib/memory/__data_end");
      const result = this.instrument(module, {
        optimizeLevel: options.optimizeLevelHint,
        shrinkLevel: options.shrinkLevelHint,
        debugInfo: options.debugInfo,
      });
      this.complete(module, result, {
        abi: ABI_VERSION,
        compiler: compilerVersion,
        library: libraryVersion,
        runtime,
        exports: this.#exports.map((entry) => entry.description),
        suspendingImports: this.suspendingImports.map((one) => one.description),
        instrumented: { instrumented: result.instrumented, functions: result.functions },
        globalsSize: 0,
        runtimeFunctions: [],
        allocatorFunctions: [],
        functionNames: {},
        functionRanges: {},
        stackSize: options.stackSize,
        stackEnd,
        sourceMap: null,
        sites: sites.map(({ file, line, column }) => `${file}:${line}:${column}`),
      });
    });
  }

  /** Prepares the module, as asc has compiled it, for its host. */
  protected bind(module: Module): void {
    bindParking(module);
    bindCollections(module);
    if (module.getGlobal(STACK_POINTER)) module.addGlobalExport(STACK_POINTER, STACK_POINTER_EXPORT);
    for (const total of LIVE_BYTES) if (module.getGlobal(total)) module.addGlobalExport(total, LIVE_BYTES_EXPORT);
  }

  /** Overridden in tests that change a step of it. */
  protected instrument(module: Module, options: InstrumentOptions): Instrumented {
    return instrument(module, options);
  }

  /** Adds to the instrumented module what its host needs to know of it. */
  protected complete(module: Module, result: Instrumented, content: SectionContent): void {
    const globalsSize = addGlobalsCopy(module);
    this.onEmit(module, result, content, (binary, sourceMap) => {
      const section = {
        ...content,
        globalsSize,
        ...findRuntimeFunctions(module, binary),
        sourceMap: sourceMap || null,
      };
      module.addCustomSection(SECTION_NAME, new TextEncoder().encode(JSON.stringify(section)));
    });
  }

  /** asc optimizes once more after `afterCompile`, and only then are functions in their final order: so what depends on that waits. */
  protected onEmit(
    module: Module,
    result: Instrumented,
    { runtime }: SectionContent,
    finish: (binary: Uint8Array, sourceMap: string | null) => void,
  ): void {
    const emit = module.emitBinary.bind(module) as (sourceMap?: string | null) => { binary: Uint8Array };
    let isWritten = false;
    const emitFinished = (sourceMap?: string | null): unknown => {
      if (sourceMap === undefined || isWritten) return emit(sourceMap);
      isWritten = true;
      const { binary } = emit(null);
      finish(binary, sourceMap);
      this.stderr.write(`as-fibers: ${sizeReport(binary.length, result)}\n`);
      if (runtime === "stub") this.stderr.write("as-fibers: the runtime stub never frees memory\n");
      return emit(sourceMap);
    };
    module.emitBinary = emitFinished as typeof module.emitBinary;
  }
}

/** asc prints the stack of what a transform throws. That of a build error would say nothing to the user. */
function reportFaults(step: () => void): void {
  try {
    step();
  } catch (error) {
    if (error instanceof VerificationError) error.stack = error.message;
    throw error;
  }
}

/** The value of an immutable global that the compiler has made; 0 when there is none. */
function constantGlobal(module: Module, name: string): number {
  const global = module.getGlobal(name);
  if (!global) return 0;
  const value = binaryen.getExpressionInfo(binaryen.getGlobalInfo(global).init) as unknown as { value: number };
  return value.value;
}

function sizeReport(bytes: number, { bytesBefore, instrumented, functions }: Instrumented): string {
  const added = Math.max(0, bytes - bytesBefore);
  const percent = Math.round((100 * added) / bytesBefore);
  return `${instrumented} of ${functions} functions can suspend; that adds ${added} bytes (${percent} %) to ${bytesBefore}`;
}

/** Parses text as a source of its own, then moves its statements to the front of a file. */
function moveInto(entry: Source, parser: Parser, sources: Source[], text: string): void {
  const path = `${entry.normalizedPath.replace(/\.ts$/, "")}${GENERATED_SUFFIX}`;
  parser.parseFile(text, path, true);
  const generated = sources.find((source) => source.normalizedPath === path);
  if (!generated) throw new Error(`as-fibers: asc has not kept the generated source ${path}`);
  entry.statements.unshift(...generated.statements.splice(0));
}
