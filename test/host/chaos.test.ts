/** Connections that do what they like, on every driver with real sockets. */
import { test } from "vitest";
import { chaos } from "../workloads/chaos.ts";
import { runInSuite } from "../workloads/workload.ts";

test.each(chaos)("$name: every byte arrives once, and nothing is left", runInSuite);
