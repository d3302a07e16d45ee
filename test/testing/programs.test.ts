/** Random programs: the same seed is the same run, and a schedule repeats it. */
import { test } from "vitest";
import { coreSchedules, vocabularySchedules } from "../workloads/schedules.ts";
import { runInSuite } from "../workloads/workload.ts";

test.each([coreSchedules, vocabularySchedules].map((workload) => [workload.name, workload] as const))(
  "%s",
  (_, workload) => runInSuite(workload),
);
