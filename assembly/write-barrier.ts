/**
 * The write barrier, without a call where none is needed.
 *
 * An incremental collector must hear of a reference stored into an object that it has already visited. It tells objects apart by a
 * color, the two lowest bits of the word 16 bytes before the object (`OBJECT.gcInfo` in AssemblyScript's rt/common): only when parent
 * and child differ can the barrier have anything to do. The other runtimes ignore it.
 */

const COLOR_OFFSET: usize = 16;
const COLOR_MASK: usize = 3;

/** Tells the collector that `parent` now refers to `child`; `expectMultiple` as for `__link`. `child` may be 0. */
// @ts-ignore: decorator
@inline
export function link(parent: usize, child: usize, expectMultiple: bool): void {
  if (!child) return;
  if ((load<usize>(child - COLOR_OFFSET) ^ load<usize>(parent - COLOR_OFFSET)) & COLOR_MASK) {
    __link(parent, child, expectMultiple);
  }
}
