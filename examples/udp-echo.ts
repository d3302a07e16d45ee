// A server that echoes datagrams, and clients that ask again when no answer comes: datagrams may be lost.
import { all, Fiber, go, print, UdpSocket } from "as-fibers/assembly";

const PATIENCE_MILLISECONDS: f64 = 200;
const ATTEMPTS: i32 = 5;

function echo(server: UdpSocket): void {
  const bytes = new Uint8Array(512);
  while (true) {
    const count = server.receiveOrError(bytes);
    if (count < 0) break;
    if (server.isTruncated) continue; // longer than any client's
    server.sendOrError(bytes.subarray(0, count), server.senderHost, server.senderPort);
  }
  print(`the server stops: ${Fiber.current().lastError}`);
}

class Question {
  constructor(
    public text: string,
    public port: i32,
  ) {}
}

function ask(question: Question): string {
  const socket = UdpSocket.bind("127.0.0.1", 0);
  socket.timeout = PATIENCE_MILLISECONDS;
  const bytes = new Uint8Array(512);
  let answer = "nothing";
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    socket.sendText(question.text, "127.0.0.1", question.port);
    const count = socket.receiveOrError(bytes);
    if (count < 0) continue; // ETIMEDOUT: lost on its way there, or back
    answer = String.UTF8.decodeUnsafe(bytes.dataStart, count);
    break;
  }
  socket.close();
  return answer;
}

export function main(): void {
  const server = UdpSocket.bind("127.0.0.1", 0);
  const serving = go(echo, server, "server");
  const texts = ["one", "two", "three"];
  const questions: Question[] = [];
  for (let i = 0; i < texts.length; i++) questions.push(new Question(texts[i], server.port));
  const answers = all(ask, questions);
  for (let i = 0; i < answers.length; i++) print(answers[i]);
  server.close();
  serving.join();
}
