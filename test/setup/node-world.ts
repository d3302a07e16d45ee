/** The world of the driver `node`: real sockets. */
import { Readable, Writable } from "node:stream";
import { nodeDriver } from "as-fibers";
import { RealScene } from "./real-scene.ts";
import type { World } from "./world.ts";

export const nodeWorld: World = {
  name: "node",
  isHere: true,
  isSimulated: false,
  lacks: new Set(),
  streamName: String.raw`127\.0\.0\.1:\d+`,
  open: ({ stdin } = {}) => Promise.resolve(new NodeScene(stdin)),
};

class NodeScene extends RealScene {
  readonly driver;

  constructor(stdin: string | undefined) {
    super();
    const stdout = new Writable({ write: (_chunk, _encoding, done) => done() });
    this.driver = nodeDriver({ stdin: () => readableOf(stdin), stdout });
  }
}

/** A text in small chunks, cut anywhere; without one, an input that nobody types into. */
export function readableOf(text: string | undefined): Readable {
  if (text === undefined) return new Readable({ read() {} });
  const bytes = Buffer.from(text);
  const size = Math.max(Math.ceil(bytes.length / 100), 5);
  const count = Math.ceil(bytes.length / size);
  const chunks = Array.from({ length: count }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
  return Readable.from(chunks, { objectMode: false });
}
