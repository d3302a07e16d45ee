/** The operating system's event queue by itself: `as-fibers/event-queue`. */
export { FibersError } from "../errors.ts";
export type { BackEndName } from "./back-end.ts";
export { EventQueue, type EventQueueOptions } from "./event-queue.ts";
export { type Event, Events } from "./events.ts";
export { Interest, Mode, type Token } from "./interest.ts";
export { attachNotifier, Notifier, type NotifierHandle } from "./notifier.ts";
export { availableBackEnds, openSelector, type SelectorOptions } from "./open-selector.ts";
export type { PipeReader, PipeWriter } from "./pipe.ts";
export type { Selector } from "./selector.ts";
export type { InternetAddress } from "./socket-address.ts";
export { type Source, WOULD_BLOCK } from "./source.ts";
export type { TcpListener } from "./tcp-listener.ts";
export type { TcpStream } from "./tcp-stream.ts";
export type { Timer } from "./timers.ts";
