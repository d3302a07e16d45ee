/** The table of socket calls: IPv4, IPv6, Unix sockets, datagrams; and addresses as text and as bytes. */
import { mkdtempSync, rmSync } from "node:fs";
import { networkInterfaces, tmpdir, constants } from "node:os";
import path from "node:path";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { EAGAIN } from "../../host/event-queue/c-library.ts";
import { bindDescriptorCalls, type DescriptorCalls } from "../../host/event-queue/descriptor-calls.ts";
import {
  ADDRESS_BYTES,
  decodeAddress,
  describeAddress,
  encodeAddress,
  familyOf,
  type SocketAddress,
} from "../../host/event-queue/socket-address.ts";
import { bindSocketCalls, SHUT_WR, SOCK_DGRAM, SocketOptions } from "../../host/event-queue/socket-calls.ts";
import {
  localAddressOf,
  type NetworkCalls,
  openConnection,
  openListener,
  peerAddressOf,
} from "../../host/event-queue/sockets.ts";
import { library } from "../setup/real-drivers.ts";
import { codeOf } from "./setup.ts";

type AllCalls = NetworkCalls & DescriptorCalls;

const { EPIPE, EMSGSIZE } = constants.errno;
const address = new Uint8Array(ADDRESS_BYTES);
const length = new Uint32Array(1);
const bytes = new Uint8Array(100);
const hasIpv6 = Object.values(networkInterfaces()).some((list) => list?.some(({ address: own }) => own === "::1"));

describe("addresses", () => {
  test.each([
    "0.0.0.0",
    "127.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1%3",
    "2001:db8::a:0:0:1",
    "1:2:3:4:5:6:7:8",
    "1::8",
    "::ffff:10.0.0.1",
  ])("%s is read as it is written", (host) => {
    const size = encodeAddress({ host, port: 50_000 }, address);
    expect(decodeAddress(address, size)).toEqual({ host, port: 50_000 });
  });

  test.each([
    ["0:0:0:0:0:0:0:1", "::1"],
    ["2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["1:0:0:2:0:0:0:3", "1:0:0:2::3"],
    ["::1.2.3.4", "::102:304"],
    ["1:0:3:4:5:6:7:8", "1:0:3:4:5:6:7:8"],
  ])("%s is the same as %s", (host, shortest) => {
    expect(decodeAddress(address, encodeAddress({ host, port: 1 }, address))).toEqual({ host: shortest, port: 1 });
  });

  test.each([
    "",
    "localhost",
    "1.2.3",
    "1.2.3.256",
    "01.2.3.4",
    "1.2.3.4.5",
    "::1::",
    "1:2:3",
    ":::",
    "12345::",
    "::1%eth0",
    "1:2:3:4:5:6:7::8:9",
  ])("%j is none", (host) =>
    expect(codeOf(() => encodeAddress({ host, port: 1 }, address))).toBe("E_INVALID_ARGUMENT"),
  );

  test.each([-1, 65_536, 1.5, Number.NaN])("%d is no port", (port) => {
    expect(codeOf(() => encodeAddress({ host: "::1", port }, address))).toBe("E_INVALID_ARGUMENT");
  });

  test("paths: the longest, one that is too long, none, and a name without a directory", () => {
    const longest = `/${"x".repeat(102)}`;
    for (const own of [longest, "/tmp/äöü"]) {
      expect(decodeAddress(address, encodeAddress({ path: own }, address))).toEqual({ path: own });
    }
    for (const bad of ["", "x".repeat(108), "a\0b"]) {
      expect(codeOf(() => encodeAddress({ path: bad }, address))).toBe("E_INVALID_ARGUMENT");
    }
    if (process.platform !== "linux") return;
    expect(decodeAddress(address, encodeAddress({ path: "\0name" }, address))).toEqual({ path: "\0name" });
    expect(decodeAddress(address, 2)).toEqual({ path: "" });
  });

  test("in messages", () => {
    expect(describeAddress({ host: "::1", port: 80 })).toBe("[::1]:80");
    expect(describeAddress({ host: "127.0.0.1", port: 80 })).toBe("127.0.0.1:80");
    expect(describeAddress({ path: "\0name" })).toBe("@name");
  });
});

describe.skipIf(!library)("calls", () => {
  const calls = (library && { ...bindDescriptorCalls(library), ...bindSocketCalls(library) }) as AllCalls;
  const folder = mkdtempSync(path.join(tmpdir(), "as-fibers-sockets-"));
  const open: number[] = [];
  const keep = (fd: number): number => {
    expect(fd).toBeGreaterThanOrEqual(0);
    open.push(fd);
    return fd;
  };

  afterEach(() => {
    for (const fd of open.splice(0)) calls.close(fd);
    rmSync(path.join(folder, "socket"), { force: true });
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const places: [string, () => SocketAddress, boolean][] = [
    ["IPv4", () => ({ host: "127.0.0.1", port: 0 }), true],
    ["IPv6", () => ({ host: "::1", port: 0 }), hasIpv6],
    ["a Unix socket", () => ({ path: path.join(folder, "socket") }), true],
  ];

  test.skipIf(!hasIpv6)("an IPv6 wildcard", () => {
    const fd = keep(openListener(calls, { host: "::", port: 0 }, 1));
    expect(localAddressOf(calls, fd)).toMatchObject({ host: "::" });
  });

  for (const [name, place, isHere] of places) {
    test.skipIf(!isHere)(`a stream over ${name}`, () => {
      const listener = keep(openListener(calls, place(), 16));
      const at = localAddressOf(calls, listener);
      if ("path" in at) expect(at).toEqual(place());
      const near = keep(openConnection(calls, at));
      const far = keep(calls.accept(listener, address, length));
      expect(decodeAddress(address, length[0] as number)).toEqual(localAddressOf(calls, near));
      expect(calls.takeError(near)).toBe(0);
      expect(peerAddressOf(calls, near)).toEqual(at);
      expect(calls.accept(listener, address, length)).toBe(-EAGAIN);
      expect(calls.receive(far, bytes)).toBe(-EAGAIN);
      expect(calls.send(near, Uint8Array.of(1, 2, 3))).toBe(3);
      expect(calls.peek(far, bytes.subarray(0, 2))).toBe(2);
      expect(calls.receive(far, bytes.subarray(50))).toBe(3);
      expect([...bytes.subarray(49, 54)]).toEqual([0, 1, 2, 3, 0]);
      expect(calls.shutdown(near, SHUT_WR)).toBe(0);
      expect(calls.receive(far, bytes)).toBe(0);
      expect(calls.send(near, bytes)).toBe(-EPIPE);
    });
  }

  test("datagrams: whole, with their sender; what has no room is lost", () => {
    const socket = () => {
      const fd = keep(calls.socket(familyOf({ host: "127.0.0.1", port: 0 }), SOCK_DGRAM));
      const size = encodeAddress({ host: "127.0.0.1", port: 0 }, address);
      expect(calls.bind(fd, address, size)).toBe(0);
      return fd;
    };
    const [one, other] = [socket(), socket()];
    expect(calls.receiveFrom(other, bytes, address, length)).toBe(-EAGAIN);
    const to = encodeAddress(localAddressOf(calls, other), address);
    for (const sent of [Uint8Array.of(1, 2, 3), new Uint8Array(0), Uint8Array.of(4, 5)]) {
      expect(calls.sendTo(one, sent, address, to)).toBe(sent.length);
    }
    expect(calls.sendTo(one, new Uint8Array(70_000), address, to)).toBe(-EMSGSIZE);
    expect(calls.receiveFrom(other, bytes.subarray(0, 2), address, length)).toBe(2);
    expect(decodeAddress(address, length[0] as number)).toEqual(localAddressOf(calls, one));
    expect(calls.receiveFrom(other, bytes, address, length)).toBe(0);
    expect(calls.receiveFrom(other, bytes, address, length)).toBe(2);
    expect([...bytes.subarray(0, 2)]).toEqual([4, 5]);
  });

  test("options are read as they were set", () => {
    const fd = keep(openListener(calls, { host: "127.0.0.1", port: 0 }, 1));
    const { NO_DELAY, KEEP_ALIVE, REUSE_ADDRESS, RECEIVE_BUFFER } = SocketOptions;
    expect(calls.getOption(fd, REUSE_ADDRESS)).toBe(1);
    for (const option of [NO_DELAY, KEEP_ALIVE]) {
      expect(calls.getOption(fd, option)).toBe(0);
      expect(calls.setOption(fd, option, 1)).toBe(0);
      expect(calls.getOption(fd, option)).toBe(1);
    }
    expect(calls.setOption(fd, RECEIVE_BUFFER, 10_000)).toBe(0);
    expect(calls.getOption(fd, RECEIVE_BUFFER)).toBeGreaterThanOrEqual(10_000);
  });

  test("what fails closes what it has opened", () => {
    const missing = { path: path.join(folder, "nobody") };
    const before = calls.duplicate(0);
    calls.close(before);
    expect(() => openConnection(calls, missing)).toThrow(/^connecting to .*nobody: ENOENT/);
    expect(calls.duplicate(0)).toBe(before);
    calls.close(before);
  });
});
