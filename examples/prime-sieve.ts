// A prime sieve: one fiber for each prime, and channels between them.
import { Channel, print, Scope } from "as-fibers/assembly";

function generate(numbers: Channel<i32>): void {
  for (let number = 2; ; number++) numbers.send(number);
}

class Filter {
  constructor(
    public prime: i32,
    public input: Channel<i32>,
    public output: Channel<i32>,
  ) {}
}

/** Passes on what its prime does not divide. */
function sift(filter: Filter): void {
  while (true) {
    const number = filter.input.receive();
    if (number % filter.prime) filter.output.send(number);
  }
}

export function main(count: i32 = 20): void {
  const scope = new Scope();
  let numbers = new Channel<i32>();
  scope.go(generate, numbers, "numbers");
  const primes = new Array<string>();
  while (primes.length < count) {
    const prime = numbers.receive(); // no smaller prime divides it
    primes.push(prime.toString());
    const rest = new Channel<i32>();
    scope.go(sift, new Filter(prime, numbers, rest), `filter ${prime}`);
    numbers = rest;
  }
  scope.cancel(); // nobody needs the numbers any more
  scope.wait();
  print(primes.join(" "));
}
