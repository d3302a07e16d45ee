/** Skynet: a tree of fibers, ten children each, whose leaves send their number up and whose others send the sum of their children. */
import { Channel, go, monotonicNow } from "as-fibers/assembly";

class Node {
  constructor(
    public parent: Channel<i64>,
    public first: i32,
    public leaves: i32,
  ) {}
}

/** A leaf has a function of its own: what a waiting fiber saves are the locals of its function, and a leaf needs none of the others'. */
function report(leaf: Node): void {
  leaf.parent.send(leaf.first);
}

function grow(node: Node): void {
  const children = new Channel<i64>();
  const each = node.leaves / 10;
  for (let i = 0; i < 10; i++) go(each == 1 ? report : grow, new Node(children, node.first + i * each, each));
  let sum: i64 = 0;
  for (let i = 0; i < 10; i++) sum += children.receive();
  node.parent.send(sum);
}

/** Nanoseconds for a tree of so many leaves, a power of ten; -1 when the sum is wrong. */
export function skynet(leaves: i32): f64 {
  const begin = monotonicNow();
  const root = new Channel<i64>();
  go(grow, new Node(root, 0, leaves));
  const sum = root.receive();
  const end = monotonicNow();
  return sum == (<i64>leaves * (leaves - 1)) / 2 ? <f64>(end - begin) : -1;
}
