/** Sorts with comparator functions: indirect calls in inner loops. */
class Item {
  constructor(
    public key: i32,
    public order: i32,
  ) {}
}

function createItems(count: i32): Item[] {
  const items = new Array<Item>(count);
  let random: u32 = 42;
  for (let i = 0; i < count; i++) {
    random = random * 1664525 + 1013904223;
    items[i] = new Item(<i32>(random >>> 8), i);
  }
  return items;
}

/** Sorts 20,000 items `rounds` times, each time by three orders. @returns a sum that depends on the orders */
export function work(rounds: i32): f64 {
  const items = createItems(20_000);
  let sum: f64 = 0;
  for (let i = 0; i < rounds; i++) {
    items.sort((a, b) => a.key - b.key);
    sum += items[i].order;
    items.sort((a, b) => (b.key & 0xffff) - (a.key & 0xffff) || a.order - b.order);
    sum += items[i].order;
    items.sort((a, b) => a.order - b.order);
    sum += items[i].key;
  }
  return sum;
}
