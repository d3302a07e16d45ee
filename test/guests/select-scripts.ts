// Plays small scripts of fibers with channels and selects, as test/setup/select-scripts.ts says.
import { Channel, fail, Fiber, go, monotonicNow, Overflow, Select, sleep, State, yieldNow } from "as-fibers/assembly";
import { channelRecord } from "as-fibers/assembly/channel-core";
import { timerCount } from "as-fibers/assembly/timers";
import { log, takeLog } from "./support/log";

let channels: Channel<string>[] = [];
let fibers: Fiber[] = [];
let players: Player[] = [];

class Player {
  sent: i32 = 0;
  select: Select = new Select();
  words: string[] = [];
  values: string[] = [];

  constructor(
    public number: i32,
    public script: string,
  ) {}

  nextValue(): string {
    return `${this.number}.${this.sent++}`;
  }

  say(text: string): void {
    log(`${this.number} ${text}`);
  }

  /** A new select of the cases that these words tell. */
  choose(words: string[], isBiased: bool): void {
    this.select = new Select(isBiased);
    this.words = words;
    this.values = [];
    for (let i = 0; i < words.length; i++) this.add(words[i]);
  }

  add(word: string): void {
    const kind = word.charAt(0);
    const rest = word.substring(1);
    const value = this.nextValue();
    this.values.push(value);
    if (kind == "r") this.select.receive<string>(channelOf(rest));
    else if (kind == "s") this.select.send<string>(channelOf(rest), value);
    else if (kind == "t") this.select.timeout(parseFloat(rest));
    else this.select.join(fibers[<i32>parseInt(rest) - 1]);
  }

  /** What was chosen, and what it has brought. */
  describe(chosen: i32): string {
    if (chosen < 0) return "nothing";
    const word = this.words[chosen];
    if (word.charAt(0) == "s") return `${chosen} ${word} ${this.values[chosen]}`;
    if (word.charAt(0) != "r") return `${chosen} ${word}`;
    const channel = channelOf(word.substring(1))!;
    return `${chosen} ${word} ${channel.hasValue ? channel.value : "end"}`;
  }
}

function channelOf(name: string): Channel<string> | null {
  return name == "-" ? null : channels[<i32>parseInt(name)];
}

/** A channel of this capacity: 4 blocks; 4o, 4n and 4k drop the oldest, drop the newest, keep the latest. */
function makeChannel(text: string): Channel<string> {
  let overflow = Overflow.BLOCK;
  if (text.endsWith("o")) overflow = Overflow.DROP_OLDEST;
  if (text.endsWith("n")) overflow = Overflow.DROP_NEWEST;
  if (text.endsWith("k")) overflow = Overflow.KEEP_LATEST;
  return new Channel<string>(<i32>parseInt(text), overflow);
}

function playOne(player: Player): void {
  const steps = player.script.split(", ");
  for (let i = 0; i < steps.length; i++) {
    const words = steps[i].split(" ");
    const verb = words.shift();
    if (selectStep(player, verb, words) || fiberStep(player, verb, words)) continue;
    channelStep(player, verb, channelOf(words[0])!);
  }
}

function selectStep(player: Player, verb: string, words: string[]): bool {
  if (verb == "wait" || verb == "biased") {
    player.choose(words, verb == "biased");
    player.say(`wait: ${player.describe(player.select.wait())}`);
  } else if (verb == "poll") {
    player.choose(words, false);
    player.say(`poll: ${player.describe(player.select.poll())}`);
  } else if (verb == "again") {
    player.say(`wait: ${player.describe(player.select.wait())}`);
  } else if (verb == "of") {
    const select = players[<i32>parseInt(words[0]) - 1].select;
    if (words[1] == "wait") player.say(`of: ${select.wait()}`);
    else if (words[1] == "poll") player.say(`of: ${select.poll()}`);
    else if (words[1] == "add") player.say(`of: ${select.timeout(1)}`);
    else select.clear();
  } else return false;
  return true;
}

function fiberStep(player: Player, verb: string, words: string[]): bool {
  if (verb == "yield") yieldNow();
  else if (verb == "sleep") sleep(parseFloat(words[0]));
  else if (verb == "cancel") fibers[<i32>parseInt(words[0]) - 1].cancel("by a script");
  else if (verb == "fail") fail("as the script says", "E_SCRIPT");
  else if (verb == "now") player.say(`now: ${<f64>(monotonicNow() - begin) / 1e6}`);
  else if (verb == "say") player.say(words[0]);
  else return false;
  return true;
}

function channelStep(player: Player, verb: string, channel: Channel<string>): void {
  if (verb == "send") {
    const value = player.nextValue();
    channel.send(value);
    player.say(`send: ${value}`);
  } else if (verb == "trySend") {
    const value = player.nextValue();
    player.say(`trySend: ${value} ${channel.trySend(value)}`);
  } else if (verb == "receive") player.say(`receive: ${channel.receive()}`);
  else if (verb == "next") player.say(`next: ${channel.next() ? channel.value : "end"}`);
  else if (verb == "tryNext") player.say(`tryNext: ${channel.tryNext() ? channel.value : "nothing"}`);
  else if (verb == "look") player.say(`look: ${channel.length} of ${channel.capacity}, ${channel.dropped} dropped`);
  else if (verb == "close") channel.close();
  else fail(`the script has an unknown verb: ${verb}`, "E_SCRIPT");
}

/** The clock when the scripts began. */
let begin: i64 = 0;

/** Plays the scripts until nothing more happens; then cancels who still waits, and looks for what was left behind. */
export function play(program: string): string {
  const scripts = program.split(" | ");
  const capacities = scripts.shift().split(" ");
  channels = [];
  fibers = [];
  players = [];
  begin = <i64>monotonicNow();
  for (let i = 0; i < capacities.length; i++) channels.push(makeChannel(capacities[i]));
  for (let i = 0; i < scripts.length; i++) {
    players.push(new Player(i + 1, scripts[i]));
    fibers.push(go(playOne, players[i]));
  }
  sleep(1e9);
  for (let i = 0; i < fibers.length; i++) {
    if (fibers[i].state >= State.DONE) continue;
    log(`${i + 1} still waits`);
    fibers[i].cancel("at the end");
  }
  for (let i = 0; i < fibers.length; i++) {
    if (fibers[i].tryJoin() || fibers[i].error!.message == "at the end") continue;
    log(`${i + 1} ended: ${fibers[i].error!.code}: ${fibers[i].error!.message}`);
  }
  for (let i = 0; i < channels.length; i++) {
    const channel = channelRecord(changetype<usize>(channels[i]));
    if (channel.senders || channel.receivers) log(`channel ${i} is still waited for`);
  }
  if (timerCount()) log(`${timerCount()} timers still run`);
  return takeLog();
}
