/** What a UDP socket keeps for the program: in order, within a limit. */
import { expect, test } from "vitest";
import { DATAGRAM_HEADER, type Operation, PENDING } from "../../host/abi.ts";
import { DatagramInbox } from "../../host/drivers/common/datagram-inbox.ts";

const sender = { host: "127.0.0.1", port: 9 };
const operation = {} as Operation;

function openInbox() {
  const inbox = new DatagramInbox({ complete: () => {}, turn: () => {} });
  const into = new Uint8Array(DATAGRAM_HEADER + 4);
  return { inbox, receive: () => inbox.receive(operation, into), into };
}

test("in order, with the sender; what has no room is lost, and its length told", () => {
  const { inbox, receive, into } = openInbox();
  inbox.add(Buffer.from("abc"), sender);
  inbox.add(Buffer.from("long one"), { host: "::1", port: 65_535 });
  expect(receive()).toBe(3);
  expect(Buffer.from(into.subarray(DATAGRAM_HEADER)).toString()).toBe("abc\0");
  expect(Buffer.from(into.subarray(0, 17)).toString("latin1")).toBe("\x09\0\0\0\x09\0\0\x00127.0.0.1");
  expect(receive()).toBe(8);
  expect(Buffer.from(into.subarray(DATAGRAM_HEADER)).toString()).toBe("long");
  expect(Buffer.from(into.subarray(0, 11)).toString("latin1")).toBe("\xff\xff\0\0\x03\0\0\0::1");
  expect(receive()).toBe(PENDING);
});

test.each([0, 1000, 65_507])(
  "of %d bytes each, a megabyte is kept; room is there again when some are received",
  (size) => {
    const { inbox, receive } = openInbox();
    const most = Math.floor((1 << 20) / (size + 256));
    for (let i = 0; i < most + 10; i++) inbox.add(new Uint8Array(size), sender);
    expect(receive()).toBe(size);
    for (let i = 0; i < 10; i++) inbox.add(new Uint8Array(size), sender);
    let received = 0;
    while (inbox.hasSpare) {
      receive();
      received++;
    }
    expect(received).toBe(most);
  },
);
