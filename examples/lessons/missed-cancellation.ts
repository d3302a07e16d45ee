// A download holds one of the permits, of which there is one. It may be cancelled; then the next one begins.
//
// Wrong: the permit is given back behind the download, which a cancelled fiber never reaches. Fixed: it is owed from the moment when it is
// taken, by `Semaphore.with` or `defer`.
import { Fiber, go, Semaphore, yieldNow } from "as-fibers/assembly";

function download(): void {
  yieldNow();
}

function fetch(permits: Semaphore): void {
  permits.acquire();
  download();
  permits.release();
}

function fetchSafely(permits: Semaphore): void {
  permits.with<i32>((_: i32): void => download(), 0);
}

function cancelLater(first: Fiber): void {
  for (let i = 0; i < 3; i++) yieldNow();
  first.cancel("the user has left");
}

function runBoth(fetcher: (permits: Semaphore) => void): void {
  const permits = new Semaphore(1);
  const first = go(fetcher, permits, "first");
  go(cancelLater, first, "user");
  first.tryJoin();
  go(fetcher, permits, "second").join();
}

export function wrong(): void {
  runBoth(fetch);
}

export function fixed(): void {
  runBoth(fetchSafely);
}

export function main(wrongly: bool = false): void {
  const version = wrongly ? wrong : fixed;
  version();
}
