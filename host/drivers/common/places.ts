/** Where sockets are bound and what they reach: hosts and ports. */

const LAST_PORT = 65_535;

/** Whether a system could be asked for it. Without a host it would take a default: for listening, all addresses of the machine. */
export function isPlace(host: string, port: number): boolean {
  return host !== "" && port <= LAST_PORT;
}

/** The first of these addresses that a socket of this family reaches; undefined when it reaches none. */
export function reachable(addresses: readonly string[], isV6: boolean): string | undefined {
  const same = addresses.find((address) => address.includes(":") === isV6);
  if (same !== undefined || !isV6) return same;
  // In IPv6 each address of IPv4 has one that stands for it.
  return addresses[0] === undefined ? undefined : `::ffff:${addresses[0]}`;
}

/** As programs see it. */
export function placeName(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
