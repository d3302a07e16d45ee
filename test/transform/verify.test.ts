/** Builds that would not suspend, planted one by one: each is a build error that names the function at fault. */
import binaryen from "assemblyscript/binaryen";
import { describe, expect, test } from "vitest";
import type { Module } from "../../host/transform/compiler.ts";
import FibersTransform from "../../host/transform/index.ts";
import { instrument, type InstrumentOptions } from "../../host/transform/instrument.ts";
import { parseModuleText } from "../../host/transform/module-text.ts";
import { SWITCH, verifyBeforeAsyncify, VerificationError } from "../../host/transform/verify.ts";
import { build, type BuildOptions } from "../setup/build.ts";

const program = `
  import { go, yieldNow } from "as-fibers/assembly";
  function inner(count: i32): i32 { yieldNow(); return count + 1; }
  function middle(count: i32): i32 { let sum = 0; for (let i = 0; i < count; i++) sum += inner(i); return sum; }
  let result = 0;
  function work(count: i32): void { result = middle(count); }
  export function main(count: i32): i32 { go(work, count); return middle(count) + result; }
`;

/** The transform, with a step of its instrumentation changed. */
function planted(changes: Partial<InstrumentOptions>): typeof FibersTransform {
  return class extends FibersTransform {
    override afterCompile(module: Module): void {
      instrument(module, { optimizeLevel: 3, shrinkLevel: 0, debugInfo: false, ...changes });
    }
  };
}

async function failureOf(files: string | Record<string, string>, options?: BuildOptions): Promise<Error> {
  const error = await build(files, options).then(
    () => new Error("it was built"),
    (thrown: unknown) => thrown as Error,
  );
  return error;
}

test("the program as it is builds", async () => {
  const { section } = await build(program, { flags: ["--debug"] });
  expect(section.instrumented.instrumented).toBeGreaterThan(3);
});

describe("E_INLINED_SWITCH: the optimizer inlines a yield", () => {
  test("into functions of the library and of the program", async () => {
    const error = await failureOf(program, {
      flags: ["-O1"],
      transform: class extends FibersTransform {
        override afterCompile(module: Module): void {
          // What an optimizer with other ideas of size would do.
          binaryen.setAlwaysInlineMaxSize(100);
          module.runPasses(["inlining"]);
          super.afterCompile(module);
        }
      },
    });
    expect(error.message).toMatch(
      /E_INLINED_SWITCH: the switch was inlined into (\S+), which therefore would never suspend/,
    );
    // The function is one that calls it.
    expect(error.cause).toBeInstanceOf(VerificationError);
    expect((error.cause as VerificationError).code).toBe("E_INLINED_SWITCH");
    expect(error.message).toContain((error.cause as VerificationError).functionName);
  });

  test("into the program's own function, by name", async () => {
    // All else is kept from being inlined, so that it is the program's function which receives the switch.
    const callers = binaryen.parseText(`(module
      (import "asyncify" "start_unwind" (func $start (param i32)))
      (import "asyncify" "stop_rewind" (func $stop))
      (func $index/inner (param i32) (call $start (local.get 0)))
      (func $${SWITCH} (call $start (i32.const 8)) (call $stop)))`);
    expect(() => verifyBeforeAsyncify(parseModuleText(callers.emitText()))).toThrow(
      expect.objectContaining({ code: "E_INLINED_SWITCH", functionName: "index/inner" }) as Error,
    );
  });
});

describe("E_NOT_INSTRUMENTED: Asyncify leaves out a function between a fiber's entry and a suspension", () => {
  const names = async (argument: string, value: string, optimizeLevel: number) => {
    const error = await failureOf(program, {
      transform: planted({ optimizeLevel, passArguments: { [argument]: value } }),
    });
    expect(error.message).toMatch(/E_NOT_INSTRUMENTED: (\S+) calls functions that may suspend, but Asyncify has not/);
    return (error.cause as VerificationError).functionName;
  };

  test.each(["index/inner", "index/middle", "index/main", "index/__fibers_body_main"])("%s", async (name) => {
    expect(await names("asyncify-removelist", name, 0)).toBe(name);
  });

  test("of an optimized build", async () => {
    expect(await names("asyncify-removelist", "index/middle", 3)).toBe("index/middle");
  });

  test("all that calls indirectly, as a fiber's entry calls its body", async () => {
    expect(await names("asyncify-ignore-indirect", "1", 0)).toMatch(
      /^~lib\/as-fibers\/assembly\/cleanup\/(Cleanup#run|Cleanup\.runFirst|runCleanups)$/,
    );
  });
});

test("whatever a function begins with, Asyncify's part in it is seen", async () => {
  const { section } = await build(
    `import { yieldNow } from "as-fibers/assembly";
    function a(): void { yieldNow(); }
    function b(): void { yieldNow(); yieldNow(); }
    export function main(which: bool = false): void { if (which) a(); else b(); }
    export function loop(count: i32): i32 { while (count--) yieldNow(); return count; }
    export function pick(x: i32): i32 { return x > 3 ? (a(), 1) : x ? (b(), 2) : 0; }`,
    { flags: [] },
  );
  expect(section.instrumented.instrumented).toBeGreaterThan(3);
});

describe("E_SECOND_SWITCH: the library is in the program twice", () => {
  test("once as a package, and once by a relative path", async () => {
    const error = await failureOf({
      "index.ts": `
        import { yieldNow } from "as-fibers/assembly";
        import { other } from "./other";
        export function main(): void { yieldNow(); other(); }`,
      "other.ts": `
        import { yieldNow } from "../assembly/index";
        export function other(): void { yieldNow(); }`,
    });
    expect(error.message).toMatch(
      /E_SECOND_SWITCH: a second copy of as-fibers is in this program: (\S*assembly\/context\/suspend)\. Import it everywhere as "as-fibers\/assembly"/,
    );
  });
});

describe("E_NO_SHADOW_STACK: there is no shadow stack to switch", () => {
  test.each(["incremental", "minimal"])("with the runtime %s", async (runtime) => {
    const error = await failureOf(program, { flags: ["--debug", "--runtime", runtime, "--stackSize", "16"] });
    expect(error.message).toMatch(
      /E_NO_SHADOW_STACK: there is no shadow stack for ~lib\/as-fibers\/assembly\/context\/resume to switch \(stackSize is 16\): .* Set "stackSize" to 262144/,
    );
  });

  test("a build that does not ask for one gets one; stub needs none", async () => {
    const sized = await build(program, { flags: ["--runtime", "minimal"] });
    expect(sized.section.stackSize).toBe(262_144);
    const stub = await build(program, { flags: ["--runtime", "stub", "--stackSize", "16"] });
    expect(stub.section.stackSize).toBe(16);
  });
});

describe("E_MIXED_ROLES and E_INLINED_BODY: the switch's functions are inlined into each other", () => {
  const imports = `
    (import "asyncify" "start_unwind" (func $start_unwind (param i32)))
    (import "asyncify" "stop_unwind" (func $stop_unwind))
    (import "asyncify" "start_rewind" (func $start_rewind (param i32)))
    (import "asyncify" "stop_rewind" (func $stop_rewind))`;
  const check = (functions: string) => () =>
    verifyBeforeAsyncify(parseModuleText(binaryen.parseText(`(module ${imports} ${functions})`).emitText()));

  test("the end of an unwinding inside the switch", () => {
    expect(check(`(func $${SWITCH} (call $start_unwind (i32.const 8)) (call $stop_unwind))`)).toThrow(
      expect.objectContaining({
        code: "E_MIXED_ROLES",
        functionName: SWITCH,
        message: expect.stringContaining(`${SWITCH} both starts and ends unwindings`) as string,
      }) as Error,
    );
    expect(check(`(func $${SWITCH} (call $stop_rewind) (call $start_rewind (i32.const 8)))`)).toThrow(/E_MIXED_ROLES/);
  });

  test("a loop, which suspends, inside a trampoline", () => {
    const trampoline = "~lib/as-fibers/assembly/cleanup/enterCleanups";
    expect(check(`(func $${trampoline} (loop $l (br_if $l (i32.const 0))) (call $stop_unwind))`)).toThrow(
      expect.objectContaining({ code: "E_INLINED_BODY", functionName: trampoline }) as Error,
    );
    // The scheduler's loop ends unwindings too, but it starts rewindings as well: it is where fibers are entered.
    expect(check(`(func $loop (loop $l (call $start_rewind (i32.const 8)) (call $stop_unwind)))`)).not.toThrow();
    expect(check(`(func $${trampoline} (call $stop_unwind))`)).not.toThrow();
  });

  test("the body of a trampoline, inlined by the optimizer", async () => {
    const cleaning = `
      import { defer, sleep } from "as-fibers/assembly";
      function clean(x: i32): void { sleep(x); }
      export function main(): void { defer(clean, 1); }`;
    const error = await failureOf(cleaning, { transform: planted({ neverInlined: [SWITCH] }) });
    expect(error.cause).toBeInstanceOf(VerificationError);
    expect((error.cause as VerificationError).code).toBe("E_INLINED_BODY");
    expect(error.message).toContain((error.cause as VerificationError).functionName);
  });
});

test("E_TABLE_TOO_LARGE: more functions as values than 16 bits can tell apart", () => {
  const module = parseModuleText("(module)");
  const references = (count: number) => new Set(Array.from({ length: count }, (_, i) => `f${i}`));
  expect(() => verifyBeforeAsyncify({ ...module, table: references(65_535) })).not.toThrow();
  expect(() => verifyBeforeAsyncify({ ...module, table: references(65_536) })).toThrow(
    /^E_TABLE_TOO_LARGE: the program uses 65536 functions/,
  );
});
