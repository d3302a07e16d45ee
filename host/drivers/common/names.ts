/** Names of hosts and their addresses, by the system's resolver, which runs in threads of its own. */
import { lookup } from "node:dns";
import { errnoOf } from "../../errno.ts";

/** The addresses of a name, the preferred one first; or a negative errno. */
export type Addresses = readonly string[] | number;

export type Resolve = (host: string, settle: (addresses: Addresses) => void) => void;

/** Calls back from the event loop. */
export const resolveName: Resolve = (host, settle) => {
  lookup(host, { all: true }, (error, found) => {
    settle(error ? -errnoOf(error) : found.map(({ address }) => address));
  });
};

/** As many whole lines as fit; the number of bytes. */
export function writeLines(lines: readonly string[], into: Uint8Array): number {
  const encoder = new TextEncoder();
  let text = "";
  for (const line of lines) {
    const longer = text ? `${text}\n${line}` : line;
    if (encoder.encode(longer).length > into.length) break;
    text = longer;
  }
  return encoder.encodeInto(text, into).written;
}
