/**
 * Binaryen as the running compiler has it. When this package is linked into a project, the project's compiler is not the one that an import
 * here would find; and a module can be read only by the instance that has made it.
 */
import imported from "assemblyscript/binaryen";

export type Binaryen = typeof imported;

/** The compiler's own; until it has told, the one that is imported. */
export let binaryen: Binaryen = imported;

/** What asc hands to a transform. */
export function useBinaryen(instance: Binaryen | undefined): void {
  if (instance) binaryen = instance;
}
