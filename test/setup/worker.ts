/**
 * vitest's setupFiles: each of its processes reads the compiler once, and leaves it in V8's baseline tier. The compiler is Wasm of many
 * megabytes: optimizing it takes longer than all that it compiles here. The programs under test are optimized as ever.
 */
import { inBaseline } from "../../host/command/baseline.ts";

await inBaseline(() => import("assemblyscript/binaryen"));
