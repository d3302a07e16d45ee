// A question is asked; the answer is awaited until somebody says that it is not needed any more.
//
// Wrong: whoever answers sends on a channel without room. When nobody receives any more, it waits for ever. Fixed: room for one answer, so
// that it can be left behind.
import { Channel, Event, go, Select, yieldNow } from "as-fibers/assembly";

class Question {
  answer: Channel<i32>;
  isNeedless: Event = new Event();

  constructor(room: i32) {
    this.answer = new Channel<i32>(room);
  }
}

function think(question: Question): void {
  yieldNow();
  question.answer.send(42);
}

function giveUp(question: Question): void {
  for (let i = 0; i < 3; i++) yieldNow();
  question.isNeedless.set();
}

function ask(room: i32): bool {
  const question = new Question(room);
  go(think, question, "thinker");
  go(giveUp, question, "impatient");
  const select = new Select();
  const answered = select.receive(question.answer);
  select.event(question.isNeedless);
  return select.wait() == answered;
}

export function wrong(): bool {
  return ask(0);
}

export function fixed(): bool {
  return ask(1);
}

export function main(wrongly: bool = false): void {
  const version = wrongly ? wrong : fixed;
  version();
}
