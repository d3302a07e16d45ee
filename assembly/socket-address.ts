/** The addresses of sockets, as texts. */
import { End, Opcode } from "./abi";
import { prepare, submitNow } from "./event-queue";

/** Bytes for an address: of IPv6, with the name of an interface, and a port. */
const ROOM: u32 = 64;

/** Address and port of one end of the socket `handle`; empty when the driver does not know it. */
export function addressOf(handle: u32, end: End): string {
  const room = new ArrayBuffer(<i32>ROOM);
  prepare(Opcode.ADDRESS, handle, changetype<usize>(room), ROOM, <u32>end);
  const length = submitNow();
  return length <= 0 ? "" : String.UTF8.decodeUnsafe(changetype<usize>(room), length);
}
