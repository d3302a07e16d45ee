// All lessons in one module, for the test that finds their faults.
export { wrong as philosophersWrong, fixed as philosophersFixed } from "./dining-philosophers";
export { wrong as wakeUpWrong, fixed as wakeUpFixed } from "./lost-wake-up";
export { wrong as accountWrong, fixed as accountFixed } from "./check-then-act";
export { wrong as lockWrong, fixed as lockFixed } from "./unfair-lock";
export { wrong as selectWrong, fixed as selectFixed } from "./abandoned-select";
export { wrong as cancellationWrong, fixed as cancellationFixed } from "./missed-cancellation";
