// Five delayed responses, asked for at once, arrive in reverse order.
import { Fiber, go, print } from "as-fibers/assembly";
import { startServer } from "./delay-server";
import { get } from "./http/get";

let port = 0;

function ask(number: i32): void {
  const text = get(port, `/${number * 100}/response-${number}`);
  print(text);
}

export function main(): void {
  port = startServer();
  const requests = new Array<Fiber>();
  for (let number = 5; number >= 1; number--) requests.push(go(ask, number, `request ${number}`));
  for (let i = 0; i < requests.length; i++) requests[i].join();
}
