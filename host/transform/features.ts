/** The WebAssembly features that a build may use: what every supported Node version knows, and nothing that Asyncify cannot instrument. */
import binaryen from "assemblyscript/binaryen";

export const Features =
  binaryen.Features.MutableGlobals |
  binaryen.Features.BulkMemory |
  binaryen.Features.BulkMemoryOpt |
  binaryen.Features.SignExt |
  binaryen.Features.NontrappingFPToInt |
  binaryen.Features.SIMD128;
