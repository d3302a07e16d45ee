// Top-level statements that would have to wait: the test chooses which.
import {
  Broadcast,
  Future,
  go,
  map,
  race,
  retry,
  Schedule,
  Scope,
  Select,
  shield,
  Supervisor,
  Ticker,
  timeout,
  Timer,
  Watch,
} from "as-fibers/assembly";

@external("app", "choice")
declare function choice(): i32;

function work(n: i32): i32 {
  return n;
}

function nothing(_n: i32): void {}

switch (choice()) {
  case 1:
    new Future<i32>().wait();
    break;
  case 2:
    new Broadcast<i32>().subscribe().next();
    break;
  case 3: {
    const observer = new Watch<i32>(0).observe();
    observer.tryNext();
    observer.next();
    break;
  }
  case 4:
    new Timer(5).wait();
    break;
  case 5:
    new Ticker(5).next();
    break;
  case 6: {
    const select = new Select();
    select.timeout(5);
    select.wait();
    break;
  }
  case 7:
    timeout<i32>(5, nothing, 0);
    break;
  case 8:
    retry<i32, i32>(work, 0, Schedule.fixed(5));
    break;
  case 9:
    new Supervisor().run();
    break;
  case 10:
    new Scope();
    break;
  case 11:
    map<i32, i32>(work, [1], 1);
    break;
  case 12:
    race<i32, i32>(work, [1]);
    break;
  case 13:
    shield<i32>(nothing, 0);
    break;
}

/** A fiber can be started there, of course. */
export function main(): i32 {
  go(nothing, 0);
  return 42;
}
