// What futures, broadcasts, watches and fiber-locals keep alive, and for how long.
import { Broadcast, FiberLocal, Future, go, Select, Watch, yieldNow } from "as-fibers/assembly";

export { heapBase } from "./support/heap";

class Point {
  constructor(
    public x: i32,
    public y: i32,
  ) {}
}

const kept = new FiberLocal<Point | null>(null);

class Scene {
  future: Future<Point> = new Future<Point>();
  broadcast: Broadcast<Point> = new Broadcast<Point>(2);
  watch: Watch<Point> = new Watch<Point>(new Point(0, 0));
  right: i32 = 0;
}

function take(scene: Scene): void {
  const receiver = scene.broadcast.subscribe();
  const observer = scene.watch.observe();
  const select = new Select();
  select.broadcast(receiver);
  select.watch(observer);
  select.future(scene.future);
  if (kept.value!.x == -kept.value!.y) scene.right++;
  while (true) {
    const index = select.wait();
    if (index == 2) break;
    const point = index ? observer.value : receiver.value;
    yieldNow();
    if (point.x == -point.y) scene.right++;
  }
  if (receiver.next() && receiver.value.x == -receiver.value.y) scene.right++;
  while (observer.next()) if (observer.value.x == -observer.value.y) scene.right++;
}

/** How many points have arrived whole, of 9 in each round: with 2 fibers that take, each. */
export function rounds(count: i32): i32 {
  let right = 0;
  for (let i = 0; i < count; i++) {
    const scene = new Scene();
    kept.value = new Point(i, -i);
    const a = go(take, scene);
    const b = go(take, scene);
    yieldNow();
    yieldNow();
    scene.broadcast.send(new Point(i, -i));
    yieldNow();
    yieldNow();
    scene.watch.value = new Point(i + 1, -i - 1);
    yieldNow();
    yieldNow();
    scene.future.set(new Point(i, -i));
    yieldNow();
    scene.broadcast.send(new Point(i, -i));
    yieldNow();
    scene.watch.value = new Point(i, -i);
    yieldNow();
    scene.watch.close();
    a.join();
    b.join();
    right += scene.right;
  }
  return right;
}
