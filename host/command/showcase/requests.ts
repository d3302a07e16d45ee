/** Part 3 of the showcase: the delay server answers a hundred requests that all wait at once, drawn as a timeline. */
import { Agent, get, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import type { App } from "../../app.ts";
import type { Screen } from "./screen.ts";
import type { ShowcaseProgram } from "./showcase-program.ts";
import { timeline } from "./timeline.ts";

const COUNT = 100;
/** Milliseconds between the delays of two requests: the first waits that long, the last a hundred times. */
const STEP = 10;
/** Requests in one row of the timeline. */
const GROUP = 10;

/** What was seen of one request, in milliseconds. */
interface Answered {
  delay: number;
  /** From its own beginning. */
  elapsed: number;
  /** Since all began. */
  at: number;
}

interface Measurement {
  /** The order is that of the delays. */
  answers: Answered[];
  /** From the first request to the last answer. */
  milliseconds: number;
  /** That the program's objects take, for each connection. */
  bytesEach: number;
}

/** Asks the server for this text after so many milliseconds, and checks the answer. */
type Ask = (delay: number, text: string) => Promise<void>;

export async function showRequests(screen: Screen, program: ShowcaseProgram): Promise<void> {
  screen.heading(3, "A hundred requests, one fiber each", "examples/delay-server.ts");
  const app = await program.load();
  const agent = new Agent({ keepAlive: true, maxSockets: COUNT });
  try {
    const port = Number(await app.exports["startServer"]?.());
    const ask: Ask = (delay, word) => askServer({ agent, port, path: `/${delay}/${word}` }, word);
    showMeasurement(screen, await measure(screen, app, ask));
  } finally {
    agent.destroy();
    await app.close();
  }
}

async function measure(screen: Screen, app: App, ask: Ask): Promise<Measurement> {
  const emptyBytes = readBytes(app);
  // Connects, so that only waiting is measured.
  await Promise.all(Array.from({ length: COUNT }, () => ask(0, "ready")));
  const fibers = app.fibers().filter(({ name }) => name === "connection").length;
  if (fibers !== COUNT) throw new Error(`${fibers} fibers serve ${COUNT} connections`);
  let bytes = 0;
  let answered = 0;
  const begin = performance.now();
  const measureOne = async (_: unknown, i: number): Promise<Answered> => {
    const delay = (i + 1) * STEP;
    const ownBegin = performance.now();
    await ask(delay, `request-${i + 1}`);
    const end = performance.now();
    if (end - ownBegin < delay) throw new Error(`request ${i + 1} was answered after ${end - ownBegin} ms`);
    // While nearly all wait.
    bytes ||= readBytes(app) - emptyBytes;
    answered++;
    return { delay, elapsed: end - ownBegin, at: end - begin };
  };
  const activity = () => `${answered} of ${COUNT} requests are answered`;
  const answers = await screen.during(activity, () => Promise.all(Array.from({ length: COUNT }, measureOne)));
  return { answers, milliseconds: Math.max(...answers.map(({ at }) => at)), bytesEach: bytes / COUNT };
}

async function askServer(request: { agent: Agent; port: number; path: string }, expected: string): Promise<void> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get({ host: "127.0.0.1", ...request }, resolve).on("error", reject);
  });
  const body = await text(response);
  if (response.statusCode !== 200 || body !== expected) {
    throw new Error(`GET ${request.path} was answered with ${response.statusCode} ${JSON.stringify(body)}`);
  }
}

/** What the program's objects take, without garbage. */
function readBytes(app: App): number {
  app.collect();
  return app.liveBytes;
}

function showMeasurement(screen: Screen, { answers, milliseconds, bytesEach }: Measurement): void {
  const { bold, dim, green } = screen.colours;
  const groups = Array.from({ length: COUNT / GROUP }, (_, i) => ({
    name: `${i * GROUP + 1}–${(i + 1) * GROUP}`,
    ends: answers.slice(i * GROUP, (i + 1) * GROUP).map(({ at }) => at),
  }));
  screen.write(...timeline(groups, milliseconds, screen.colours).map((line) => `   ${line}`), "");
  const waited = answers.reduce((sum, { delay }) => sum + delay, 0);
  const latest = Math.max(...answers.map(({ delay, elapsed }) => elapsed - delay));
  const step = (verb: string, what: string, figure: string, noun: string) =>
    `   ${green("✔")} ${verb.padEnd(9)}${what.padEnd(37)}${bold(figure.padStart(6))} ${dim(noun)}`;
  screen.write(
    step("answered", `${COUNT} requests, none early`, latest.toFixed(1), "ms late at most"),
    step("waited", `${seconds(waited)} s, if one after the other`, seconds(milliseconds), "s, all at once"),
    step("held", `${COUNT} connections, a fiber each`, format(bytesEach), "bytes each"),
  );
}

function seconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(2);
}

function format(number: number): string {
  return Math.round(number).toLocaleString("en-US");
}
