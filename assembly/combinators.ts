/**
 * `all`, `map`, `race` and `any`: one function for many arguments, each in a fiber of its own, in a scope: whoever is not needed any more
 * is cancelled, and has cleaned up, before they return.
 */
import { fail } from "./failure";
import { Scope } from "./scope";
import { Contest } from "./scope-core";
import { Site } from "./site";
import { Task } from "./task";

/**
 * Calls `fn` for all arguments at once, each in a fiber of its own, and waits for all. Its results, in their order.
 * @throws the first failure, when the others have been cancelled
 */
export function all<A, R>(fn: (arg: A) => R, args: A[], site: Site = 0): R[] {
  return map<A, R>(fn, args, 0, site);
}

/** `all`, for so many at a time; 0: for all. @throws the first failure; E_INVALID_COUNT for a negative limit */
export function map<A, R>(fn: (arg: A) => R, args: A[], limit: i32, site: Site = 0): R[] {
  const scope = new Scope(limit, site);
  const tasks = startAll<A, R>(scope, fn, args, site);
  scope.wait();
  const results = new Array<R>(args.length);
  for (let i = 0; i < tasks.length; i++) results[i] = tasks[i].value;
  return results;
}

/**
 * Calls `fn` for all arguments at once, each in a fiber of its own, and waits for the first that ends; the others are cancelled, and have
 * cleaned up, before it returns. The result of that one.
 * @throws its failure, when that failed; E_INVALID_COUNT without arguments
 */
export function race<A, R>(fn: (arg: A) => R, args: A[], site: Site = 0): R {
  if (!args.length) failEmpty("race");
  return compete<A, R>(Contest.RACE, fn, args, "another one was first", site);
}

/**
 * Calls `fn` for all arguments at once, each in a fiber of its own, and waits for the first that returns; the others are cancelled, and
 * have cleaned up, before it returns. The result of that one.
 * @throws the failure of the last one, when all have failed; E_INVALID_COUNT without arguments
 */
export function any<A, R>(fn: (arg: A) => R, args: A[], site: Site = 0): R {
  if (!args.length) failEmpty("any");
  return compete<A, R>(Contest.ANY, fn, args, "another one has returned", site);
}

/** @param reason for those who have not won */
function compete<A, R>(contest: Contest, fn: (arg: A) => R, args: A[], reason: string, site: Site): R {
  const scope = new Scope(0, site);
  scope.beginContest(contest);
  for (let i = 0; i < args.length; i++) scope.spawn<A, R>(fn, args[i], "", site);
  return changetype<Task<R>>(scope.endContest(reason)).join();
}

function startAll<A, R>(scope: Scope, fn: (arg: A) => R, args: A[], site: Site): Array<Task<R>> {
  const tasks = new Array<Task<R>>();
  for (let i = 0; i < args.length; i++) tasks.push(scope.spawn<A, R>(fn, args[i], "", site));
  return tasks;
}

function failEmpty(name: string): void {
  fail(`${name} of no arguments would wait forever: give it one or more`, "E_INVALID_COUNT");
}
