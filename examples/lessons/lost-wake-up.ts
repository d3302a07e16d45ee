// One fiber waits until a letter is there; another one brings it, and signals.
//
// Wrong: it looks first, and takes the lock only to wait: when the letter comes in between, nobody waits yet, and the signal is lost.
// Fixed: it looks while it holds the lock, and again after each wake-up.
import { Condition, go, Mutex, yieldNow } from "as-fibers/assembly";

class Box {
  mutex: Mutex = new Mutex();
  changed: Condition = new Condition();
  letter: string | null = null;
}

function deliver(box: Box): void {
  for (let i = 0; i < 3; i++) yieldNow();
  box.mutex.lock();
  box.letter = "a letter";
  box.changed.signal();
  box.mutex.unlock();
}

export function wrong(): string {
  const box = new Box();
  go(deliver, box, "postman");
  if (!box.letter) {
    // Putting on the shoes.
    yieldNow();
    box.mutex.lock();
    box.changed.wait(box.mutex);
    box.mutex.unlock();
  }
  return box.letter!;
}

export function fixed(): string {
  const box = new Box();
  go(deliver, box, "postman");
  yieldNow();
  box.mutex.lock();
  while (!box.letter) box.changed.wait(box.mutex);
  box.mutex.unlock();
  return box.letter!;
}

export function main(wrongly: bool = false): void {
  const version = wrongly ? wrong : fixed;
  version();
}
