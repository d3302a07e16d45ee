// Request coalescing: of all who ask for the same thing at the same time, one fetches it, and the others wait for its answer.
import { fail, Future, go, print, sleep, spawn, Task } from "as-fibers/assembly";

const answers = new Map<string, Future<string>>();
let fetched = 0;

/** Stands for the network. */
function fetch(path: string): string {
  fetched++;
  sleep(20);
  if (path == "/lost") fail(`there is no ${path}`, "E_NOT_FOUND");
  return `the page ${path}`;
}

/** Runs in a fiber of its own: whoever has asked may be cancelled, and the others still get their answer. */
function answer(path: string): void {
  const fetching = spawn(fetch, path, `fetch ${path}`);
  const isFetched = fetching.tryJoin();
  const future = answers.get(path);
  answers.delete(path); // whoever comes later shall have a fresh one
  if (isFetched) future.set(fetching.value);
  else future.fail(fetching.error!.message, fetching.error!.code);
}

function get(path: string): string {
  if (!answers.has(path)) {
    answers.set(path, new Future());
    go(answer, path, `answer ${path}`);
  }
  return answers.get(path).wait();
}

export function main(): void {
  const paths = ["/a", "/lost", "/a", "/b", "/a", "/lost"];
  const tasks = new Array<Task<string>>();
  for (let i = 0; i < paths.length; i++) tasks.push(spawn(get, paths[i], `asks for ${paths[i]}`));
  for (let i = 0; i < tasks.length; i++) print(tasks[i].tryJoin() ? tasks[i].value : tasks[i].error!.toString());
  print(`${tasks.length} asked, ${fetched} fetched`);
}
