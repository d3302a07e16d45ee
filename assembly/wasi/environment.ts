/** What a WASI host tells the program at its start: the words of its command line, and the variables of its environment. */
import { setArgs } from "../args";
import { args_get, args_sizes_get, environ_get, environ_sizes_get } from "./preview1";

/** How many texts there are, and how many bytes they take. */
const sizes: usize = memory.data(8, 4);

/** Gives `args` its words. The first one, the name of the program, is not among them. */
export function readArgs(): void {
  if (args_sizes_get(sizes, sizes + 4)) return;
  const room = new ArrayBuffer(roomFor());
  if (args_get(changetype<usize>(room), textsIn(room))) return;
  setArgs(readTexts(room).slice(1));
}

/** The value of a variable of the environment; null when there is none of this name. */
export function environmentVariable(name: string): string | null {
  if (environ_sizes_get(sizes, sizes + 4)) return null;
  const room = new ArrayBuffer(roomFor());
  if (environ_get(changetype<usize>(room), textsIn(room))) return null;
  const texts = readTexts(room);
  const prefix = name + "=";
  for (let i = 0; i < texts.length; i++) {
    if (texts[i].startsWith(prefix)) return texts[i].substring(prefix.length);
  }
  return null;
}

/** Bytes for the addresses of the texts, and for the texts behind them. */
function roomFor(): i32 {
  return (load<i32>(sizes) << 2) + load<i32>(sizes, 4);
}

function textsIn(room: ArrayBuffer): usize {
  return changetype<usize>(room) + (load<usize>(sizes) << 2);
}

function readTexts(room: ArrayBuffer): string[] {
  const texts = new Array<string>();
  const count = load<u32>(sizes);
  for (let i: u32 = 0; i < count; i++) {
    const text = load<usize>(changetype<usize>(room) + (i << 2));
    let end = text;
    while (load<u8>(end)) end++;
    texts.push(String.UTF8.decodeUnsafe(text, end - text));
  }
  return texts;
}
