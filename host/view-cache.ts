/**
 * Views over the guest's memory, kept for when the same bytes are wanted again: a fiber reads and writes the same buffers over and over, and
 * making a view takes longer than all else that the host does for an operation.
 *
 * Direct-mapped: each range has one place, where the last one that had it is found.
 */
const BITS = 12;

export class ViewCache {
  readonly #pointers = new Uint32Array(1 << BITS);
  readonly #lengths = new Uint32Array(1 << BITS);
  #views: (Uint8Array | undefined)[] = [];

  /** So many bytes of the buffer at this address. The buffer is the same since `clear`. */
  view(buffer: ArrayBuffer, pointer: number, length: number): Uint8Array {
    const place = Math.imul(pointer ^ Math.imul(length, 0x85eb_ca6b), 0x9e37_79b1) >>> (32 - BITS);
    const kept = this.#views[place];
    if (kept && this.#pointers[place] === pointer && this.#lengths[place] === length) return kept;
    const view = new Uint8Array(buffer, pointer, length);
    if (this.#views.length === 0) this.#views = Array.from<undefined>({ length: 1 << BITS });
    this.#views[place] = view;
    this.#pointers[place] = pointer;
    this.#lengths[place] = length;
    return view;
  }

  /** The buffer is another one. */
  clear(): void {
    this.#views = [];
  }
}
