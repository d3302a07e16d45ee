// @ts-check
/** Calls the program with two stations of its own. */
import { once } from "node:events";
import { WebSocketServer } from "ws";
// @ts-ignore: built by the command in program.ts
import { followAll, summary } from "./build/app.js";
import { close } from "./host.mjs";

/**
 * A station that sends its readings, and closes.
 *
 * @param {string} place
 * @param {number[]} readings
 */
async function open(place, readings) {
  const station = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  station.on("connection", (socket) => {
    for (const celsius of readings) socket.send(JSON.stringify({ place, celsius }));
    socket.close();
  });
  await once(station, "listening");
  return station;
}

const stations = [await open("Oslo", [-3.5, 1.25, 0]), await open("Palermo", [17.5, 21])];
const urls = stations.map((station) => {
  const { port } = /** @type {import("node:net").AddressInfo} */ (station.address());
  return `ws://127.0.0.1:${port}`;
});

console.log(`readings: ${await followAll(urls)}`);
for (const { place, readings, warmest } of await summary()) console.log(`${place}: ${readings}, up to ${warmest} °C`);

for (const station of stations) station.close();
close();
