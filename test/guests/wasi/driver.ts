/**
 * The driver contract suite for a program that nobody can call: commands come over a connection, the first that it accepts. Each runs in a
 * fiber of its own, named like its verb; the answer goes back when it has ended. test/setup/wasi-session.ts is the other side.
 *
 * A message is its length (u32), then fields: each its length (u32) and its bytes. Of a command: number, verb, arguments. Of an answer:
 * number, kind, value; see `answer`.
 */
import { Channel, Fiber, go, TcpListener, TcpStream } from "as-fibers/assembly";
import { Field, fieldsOf, Message } from "../support/message";
import { describeFibers } from "as-fibers/assembly/wasi/report";
import { begin, bytesOf, cancel, overwrite, resultOf, submitted, take } from "../support/operations";
import * as driver from "../driver";
import * as many from "../driver-many";

class Command {
  answer: Message = new Message();
  constructor(public fields: Field[]) {}

  get verb(): string {
    return this.text(1);
  }

  text(place: i32): string {
    return this.fields[place].text;
  }

  number(place: i32): i32 {
    return <i32>this.real(place);
  }

  real(place: i32): f64 {
    return F64.parseFloat(this.text(place));
  }
}

const answers = new Channel<Message>(16);

export function main(): void {
  const control = TcpListener.bind("127.0.0.1", 0).accept();
  go<TcpStream>(sendAnswers, control, "(answers)");
  const length = new Uint8Array(4);
  while (fill(control, length)) {
    const bytes = new Uint8Array(load<i32>(length.dataStart));
    if (!fill(control, bytes)) break;
    go<Command>(serve, new Command(fieldsOf(bytes)), "(serve)");
  }
}

/** Reads until it is full; false at the end. */
function fill(stream: TcpStream, into: Uint8Array): bool {
  for (let done = 0; done < into.length;) {
    const count = stream.readOrError(into.subarray(done));
    if (count <= 0) return false;
    done += count;
  }
  return true;
}

function sendAnswers(control: TcpStream): void {
  while (true) if (!control.writeOrError(answers.receive().bytes)) return;
}

function serve(command: Command): void {
  const answer = command.answer;
  answer.addText(command.text(0));
  const fiber = go<Command>(perform, command, command.verb);
  if (!fiber.tryJoin()) answerFailure(answer, fiber);
  answers.send(answer);
}

function answerFailure(answer: Message, fiber: Fiber): void {
  const failure = fiber.error!;
  answer.addText("failure");
  answer.addText(failure.code);
  answer.addText(failure.message);
  answer.addText(failure.fiberName);
}

function answerNumber(command: Command, value: f64): void {
  command.answer.addText("number");
  command.answer.addText(value.toString());
}

function answerText(command: Command, value: string): void {
  command.answer.addText("text");
  command.answer.addText(value);
}

function perform(c: Command): void {
  const verb = c.verb;
  if (verb == "fibers") answerText(c, describeFibers());
  else if (verb == "collect") __collect();
  else if (verb == "batch") performBatch(c);
  else if (verb == "take") answerNumber(c, <f64>take(c.number(2)));
  else if (verb == "bytes") {
    c.answer.addText("bytes");
    c.answer.addBytes(bytesOf(c.number(2)));
  } else if (!performOnStreams(verb, c) && !performNumber(verb, c) && !performMany(verb, c)) {
    throw new Error("E_VERB: there is no " + verb);
  }
}

/** Operations by hand, all in one turn: begun, cancelled, their bytes overwritten. Answers the results of those that have ended. */
function performBatch(c: Command): void {
  const first = submitted();
  for (let i = 2; i < c.fields.length;) {
    const action = c.text(i++);
    if (action == "begin") {
      begin(c.number(i), <u32>c.real(i + 1), c.number(i + 2), c.fields[i + 3].bytes);
      i += 4;
    } else if (action == "cancel") cancel(c.number(i++));
    else overwrite(c.number(i++));
  }
  let results = "";
  for (let i = first; i < submitted(); i++) results += resultOf(i) + " ";
  answerText(c, results);
}

/** What answers a text, or nothing. */
function performOnStreams(verb: string, c: Command): bool {
  if (verb == "read") answerText(c, driver.read(c.number(2), c.number(3)));
  else if (verb == "write") driver.write(c.number(2), c.text(3));
  else if (verb == "shutdown") driver.shutdown(c.number(2));
  else if (verb == "closeStream") driver.closeStream(c.number(2));
  else if (verb == "closeListener") driver.closeListener(c.number(2));
  else if (verb == "limit") driver.limit(c.number(2), c.real(3));
  else if (verb == "limitAccept") driver.limitAccept(c.number(2), c.real(3));
  else if (verb == "localAddress") answerText(c, driver.localAddress(c.number(2)));
  else if (verb == "sendPattern") driver.sendPattern(c.number(2), c.number(3), c.number(4));
  else if (verb == "remoteAddress") answerText(c, driver.remoteAddress(c.number(2)));
  else if (verb == "cancelAndReuse") driver.cancelAndReuse(c.number(2));
  else if (verb == "cancel") driver.cancel(c.number(2));
  else if (verb == "end") answerText(c, driver.end(c.number(2)));
  else if (verb == "attempt") answerText(c, driver.attempt(c.text(2), c.number(3), c.text(4)));
  else if (verb == "readLine") answerText(c, driver.readLine());
  else if (verb == "readLines") answerText(c, driver.readLines());
  else if (verb == "fillHeap") driver.fillHeap(c.number(2), c.number(3));
  else return false;
  return true;
}

function performNumber(verb: string, c: Command): bool {
  let value: f64;
  if (verb == "listen") value = driver.listen(c.text(2), c.number(3));
  else if (verb == "accept") value = driver.accept(c.number(2));
  else if (verb == "receivePattern") value = driver.receivePattern(c.number(2), c.number(3));
  else if (verb == "writtenBytes") value = driver.writtenBytes();
  else if (verb == "begin") value = driver.begin(c.text(2), c.number(3), c.text(4));
  else if (verb == "measure") value = <f64>driver.measure(c.real(2));
  else if (verb == "nowNs") value = driver.nowNs();
  else if (verb == "timesBack") value = driver.timesBack(c.number(2));
  else if (verb == "readAndDrop") value = driver.readAndDrop(c.number(2), c.number(3));
  else if (verb == "changedBytes") value = driver.changedBytes();
  else if (verb == "growMemory") value = driver.growMemory(c.number(2));
  else if (verb == "memoryPages") value = driver.memoryPages();
  else return false;
  answerNumber(c, value);
  return true;
}

/** Verbs of the other guest. */
function performMany(verb: string, c: Command): bool {
  if (verb == "many.listen") many.listen();
  else if (verb == "many.stop") many.stop();
  else if (verb == "many.spin") answerNumber(c, many.spin());
  else if (verb == "many.readLittle") answerNumber(c, many.readLittle());
  else if (verb == "many.writeLittle") answerNumber(c, many.writeLittle());
  else if (verb == "many.closeUnderAcceptors") answerNumber(c, many.closeUnderAcceptors(c.number(2)));
  else if (verb == "many.cancelAcceptors") answerNumber(c, many.cancelAcceptors(c.number(2)));
  else return false;
  return true;
}
