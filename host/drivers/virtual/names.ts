/** Names, addresses and ports of the one simulated machine. */

/** The first port that is given to who asks for any, as on Linux and elsewhere. */
export const FIRST_FREE_PORT = 49_152;
export const LAST_PORT = 65_535;

export const LOOPBACK = "127.0.0.1";
const LOOPBACK_6 = "::1";

const OWN_NAMES = new Set(["localhost", LOOPBACK, "0.0.0.0", LOOPBACK_6, "::"]);

const ADDRESS = /^(\d{1,3}\.){3}\d{1,3}$|:/;

/** Whether this machine has that name or address. */
export function isOwn(host: string): boolean {
  return OWN_NAMES.has(host);
}

export function isAddress(host: string): boolean {
  return ADDRESS.test(host);
}

/** The address of one of its names. */
export function addressIn(host: string): string {
  return host === "localhost" ? LOOPBACK : host;
}

/** The address at which one is reached. */
export function reachedBy(host: string): string {
  if (host === "0.0.0.0") return LOOPBACK;
  return host === "::" ? LOOPBACK_6 : addressIn(host);
}
