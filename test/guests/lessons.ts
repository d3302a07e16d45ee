// The lessons of examples/lessons, for the test that finds their faults.
export * from "../../examples/lessons/index";
