/** `SocketListener`: where connections are accepted: what `TcpListener` and `UnixListener` have in common. */
import { Opcode } from "./abi";
import { beginOperation, deadlineIn, endAsClosed, prepare, submitNow } from "./event-queue";
import { Reason } from "./record";

/** A listening socket. Any number of fibers may accept; each connection goes to the one that has waited longest. */
export abstract class SocketListener {
  /** The most milliseconds that one `accept` may wait; infinite by default. One that times out loses no connection. */
  timeout: f64 = Infinity;
  private isOpen: bool = true;

  protected constructor(private handle: u32) {}

  /** Stops listening. Connections that nobody has accepted are closed; accepted ones stay. Closing again does nothing. */
  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    prepare(Opcode.CLOSE, this.handle, 0, 0, 0);
    submitNow();
  }
}

/** The handle that the driver knows it by; 0 after `close`. */
export function openHandleOf(listener: SocketListener): u32 {
  const address = changetype<usize>(listener);
  if (!load<bool>(address, offsetof<SocketListener>("isOpen"))) return 0;
  return load<u32>(address, offsetof<SocketListener>("handle"));
}

/** The first half of accepting. */
export function beginAccept(listener: SocketListener): bool {
  const handle = openHandleOf(listener);
  if (!handle) return endAsClosed();
  prepare(Opcode.ACCEPT, handle, 0, 0, 0);
  return beginOperation(Reason.ACCEPT, 0, deadlineIn(listener.timeout));
}
