/** Many connections at once, on the driver `node`; a soak has more of them, on the others too. */
import { test } from "vitest";
import { heldConnections } from "../workloads/connections.ts";
import { runInSuite } from "../workloads/workload.ts";

test("connections that all wait at the same time are all answered, and none early", () =>
  runInSuite(heldConnections[0] as (typeof heldConnections)[0]));
