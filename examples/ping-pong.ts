// Two fibers hand a ball to and fro, over two channels.
import { Channel, go, print } from "as-fibers/assembly";

let limit = 0;

class Player {
  constructor(
    public name: string,
    public incoming: Channel<i32>,
    public outgoing: Channel<i32>,
  ) {}
}

/** Returns every ball, until no more come. */
function play(player: Player): void {
  while (player.incoming.next()) {
    const strokes = player.incoming.value + 1;
    print(`${player.name} ${strokes}`);
    if (strokes >= limit) player.outgoing.close();
    else player.outgoing.send(strokes);
  }
  player.outgoing.close();
}

export function main(strokes: i32 = 6): void {
  limit = strokes;
  const toPing = new Channel<i32>();
  const toPong = new Channel<i32>();
  const ping = go(play, new Player("ping", toPing, toPong), "ping");
  const pong = go(play, new Player("pong", toPong, toPing), "pong");
  toPing.send(0);
  ping.join();
  pong.join();
}
