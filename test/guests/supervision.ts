// What `retry` and `Supervisor` make of work that fails.
import { defer, fail, Fiber, go, monotonicNow, Restart, retry, Schedule, sleep, Supervisor } from "as-fibers/assembly";
import { log, takeLog } from "./support/log";

export { heapBase } from "./support/heap";

function at(): string {
  return `at ${<f64>monotonicNow() / 1e6}`;
}

function endOf(fiber: Fiber): string {
  if (fiber.tryJoin()) return `done ${at()}`;
  const failure = fiber.error!;
  const cause = failure.cause;
  return `${failure.toString()} ${at()}` + (cause ? `\n  because ${cause.toString()}` : "");
}

function finish(fiber: Fiber): string {
  log(endOf(fiber));
  return takeLog();
}

// --- retry ---

/** Of the form `fixed 10 limit 3`. */
function readSchedule(text: string): Schedule {
  const words = text.split(" ");
  const first = parseFloat(words[1]);
  let at = 2;
  let schedule: Schedule;
  if (words[0] == "fixed") schedule = Schedule.fixed(first);
  else schedule = Schedule.exponential(first, parseFloat(words[at++]));
  for (; at < words.length; at += 2) {
    const value = parseFloat(words[at + 1]);
    if (words[at] == "limit") schedule.limit(<i32>value);
    if (words[at] == "cap") schedule.cap(value);
    if (words[at] == "jitter") schedule.jitter(value);
    if (words[at] == "deadline") schedule.deadline(value);
  }
  return schedule;
}

/** Takes 1 ms, or `time`. Fails so many times; then returns, or cancels itself. */
class Work {
  attempts: i32 = 0;

  constructor(
    public failures: i32,
    public time: f64,
    public end: string,
    public schedule: Schedule,
  ) {}
}

function attempt(work: Work): string {
  const number = ++work.attempts;
  log(`${number} begins ${at()}`);
  defer<i32>((own: i32): void => {
    sleep(1);
    log(`${own} has cleaned up ${at()}`);
  }, number);
  sleep(work.time);
  if (number <= work.failures) fail(`${number} is too early`, "E_EARLY");
  if (work.end == "cancel") Fiber.current().cancel("no use");
  return `result ${number}`;
}

/** Tries until `work` returns. The caller is cancelled at `cancelAt`, unless that is 0. */
export function tryAgain(schedule: string, failures: i32, time: f64, end: string, cancelAt: f64): string {
  const fiber = go<Work>(
    (work: Work): void => log(retry<Work, string>(attempt, work, work.schedule)),
    new Work(failures, time, end, readSchedule(schedule)),
    "caller",
  );
  if (cancelAt) {
    sleep(cancelAt);
    fiber.cancel("enough");
  }
  return finish(fiber);
}

/** The moments of so many attempts that take no time, all of which fail. */
export function moments(schedule: string): string {
  const fiber = go<Schedule>((own: Schedule): void => {
    retry<i32, i32>(
      (n: i32): i32 => {
        log(`${<f64>monotonicNow() / 1e6}`);
        fail("always");
        return n;
      },
      0,
      own,
    );
  }, readSchedule(schedule));
  fiber.tryJoin();
  return takeLog().split("\n").join(" ");
}

// --- supervisor ---

/** What a child does: sleeps, then fails so many times, and returns when it has not failed. */
class Plan {
  starts: i32 = 0;

  constructor(
    public name: string,
    public time: f64,
    public failures: i32,
  ) {}
}

function work(plan: Plan): void {
  const start = ++plan.starts;
  log(`${plan.name}${start} begins ${at()}`);
  defer<string>((name: string): void => {
    sleep(1);
    log(`${name} has cleaned up ${at()}`);
  }, `${plan.name}${start}`);
  sleep(plan.time);
  if (start <= plan.failures) fail(`${plan.name}${start} is broken`, "E_BROKEN");
  if (plan.failures < 0) Fiber.current().cancel("no use");
  log(`${plan.name}${start} returns ${at()}`);
}

/** Children of the form `a 10 2`: name, time, failures. */
function readSupervisor(strategy: i32, limit: i32, within: f64, children: string, backOff: string): Supervisor {
  const supervisor = new Supervisor(<Restart>strategy, limit, within);
  const plans = children.length ? children.split(", ") : [];
  for (let i = 0; i < plans.length; i++) {
    const words = plans[i].split(" ");
    supervisor.add<Plan>(work, new Plan(words[0], parseFloat(words[1]), <i32>parseInt(words[2])), words[0]);
  }
  if (backOff.length) supervisor.backOff(readSchedule(backOff));
  return supervisor;
}

function supervise(supervisor: Supervisor): void {
  defer<Supervisor>((own: Supervisor): void => log(`${own.restarts} restarts`), supervisor);
  supervisor.run();
}

export function watchOver(
  strategy: i32,
  limit: i32,
  within: f64,
  children: string,
  backOff: string,
  cancelAt: f64,
): string {
  const fiber = go(supervise, readSupervisor(strategy, limit, within, children, backOff), "supervisor");
  if (cancelAt) {
    sleep(cancelAt);
    fiber.cancel("enough");
  }
  return finish(fiber);
}

/** A supervisor that has failed is run once more; its child then returns. */
export function again(): string {
  const supervisor = readSupervisor(0, 0, 1, "a 5 1", "");
  log(endOf(go(supervise, supervisor)));
  return finish(go(supervise, supervisor));
}

/** One supervisor is the child of another. */
export function nest(): string {
  const outer = new Supervisor(Restart.ONE, 1);
  outer.add<Supervisor>((own: Supervisor): void => own.run(), readSupervisor(0, 1, 5000, "a 5 3", ""), "inner");
  return finish(go(supervise, outer));
}

export function misuse(what: string): void {
  if (what == "fixed") Schedule.fixed(-1);
  if (what == "first") Schedule.exponential(NaN);
  if (what == "factor") Schedule.exponential(1, 0.5);
  if (what == "times") Schedule.fixed(1).limit(-1);
  if (what == "cap") Schedule.fixed(1).cap(-1);
  if (what == "jitter") Schedule.fixed(1).jitter(1.5);
  if (what == "deadline") Schedule.fixed(1).deadline(-1);
  if (what == "restarts") new Supervisor(Restart.ONE, -1);
  if (what == "within") new Supervisor(Restart.ONE, 3, -1);
  const supervisor = new Supervisor();
  if (what == "back-off") supervisor.backOff(Schedule.fixed(1).limit(2));
  supervisor.add<f64>((milliseconds: f64): void => sleep(milliseconds), 1);
  go(supervise, supervisor);
  sleep(0);
  if (what == "add") supervisor.add<f64>((milliseconds: f64): void => sleep(milliseconds), 1);
  supervisor.run();
}

/** Made outside of fibers, and used by many. */
const once = Schedule.fixed(1).limit(1);

class Round {
  constructor(public number: i32) {}
}

/** So many retries and supervisors, which succeed, fail or are cancelled. What is left in memory is the test's to see. */
export function many(rounds: i32): i32 {
  for (let i = 0; i < rounds; i++) {
    const fiber = go<Round>((round: Round): void => {
      const supervisor = readSupervisor(round.number % 3, 2, 100, "a 5 1, b 3 2, c 4 0", "exponential 1 2 jitter 0.5");
      supervisor.run();
      const own = new Work(round.number % 3, 2, "return", once);
      retry<Work, string>(attempt, own, own.schedule);
    }, new Round(i));
    if (i % 4 == 3) {
      sleep(<f64>(i % 12));
      fiber.cancel();
    }
    fiber.tryJoin();
  }
  takeLog();
  return rounds;
}
