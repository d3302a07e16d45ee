/** Connections that do what they like, on every driver with real sockets. */
import { test } from "vitest";
import { isHere, realDrivers } from "../setup/real-drivers.ts";
import { chaos } from "../workloads/chaos.ts";
import { runInSuite } from "../workloads/workload.ts";

for (const [index, workload] of chaos.entries()) {
  const driver = realDrivers[index] as (typeof realDrivers)[0];
  test.skipIf(!isHere(driver.name))(`every byte arrives once, and nothing is left: ${workload.name}`, () =>
    runInSuite(workload),
  );
}
