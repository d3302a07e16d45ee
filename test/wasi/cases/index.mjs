// @ts-check
/** All conformance cases, in the order of the table. */
import { clockCases } from "./clocks.mjs";
import { errorCases } from "./errors.mjs";
import { fileCases } from "./files.mjs";
import { layoutCases } from "./layouts.mjs";
import { pipeCases } from "./pipes.mjs";
import { socketCases } from "./sockets.mjs";
import { stdioCases } from "./stdio.mjs";

/** A case's `name` is unique in its group; its `id` everywhere. */
export const cases = [
  ...clockCases,
  ...fileCases,
  ...pipeCases,
  ...stdioCases,
  ...socketCases,
  ...errorCases,
  ...layoutCases,
].map((subject) => ({ ...subject, id: `${subject.group} / ${subject.name}` }));
