/**
 * Where in the program something was made: reports name the line where a fiber was started, and where the channel or lock was made that
 * it waits for.
 *
 * A function or constructor of the library that makes such a thing has a last parameter `site: Site = 0`, which nobody writes. The
 * transform gives each such call in the program a number there, and writes the table of their lines into the module; a call inside of
 * the library passes on what it was given. So it costs a store, and no call has to look at a stack.
 *
 * An object keeps it as its last field: the host finds it there by the object's size, whatever the class.
 */

/** `SITE_TAG` and a number, from 1; 0: not known. A fiber keeps the number alone, in 16 bits. */
export type Site = u32;
