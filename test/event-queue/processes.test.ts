/** The event queue and the life of its process: what keeps it alive, what does not, what it costs to wait. */
import { describe, expect, test } from "vitest";
import { root, runNode } from "../setup/command.ts";
import { library } from "../setup/real-drivers.ts";

const backEnds = process.platform === "linux" ? ["epoll", "poll"] : ["poll"];

async function run(backEnd: string, script: string): Promise<string> {
  const text = `import { EventQueue, Interest } from "as-fibers/event-queue";
    const queue = await EventQueue.open({ backEnd: ${JSON.stringify(backEnd)} });
    ${script}`;
  const { code, stdout, stderr } = await runNode(["--input-type=module", "--eval", text], { cwd: root });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout;
}

describe.skipIf(!library).each(backEnds)("on %s", (backEnd) => {
  test.concurrent("an open queue that nobody waits for does not keep the process alive", async () => {
    const script = `const { reader } = queue.pipe(); queue.register(reader, 1); queue.timer(1e6, 2); console.log("end");`;
    expect(await run(backEnd, script)).toBe("end\n");
  });

  test.concurrent("a waitAsync does, without a deadline too, until its event comes", async () => {
    const script = `const { reader, writer } = queue.pipe();
      queue.register(reader, 1);
      setTimeout(() => writer.write(new Uint8Array(1)), 20).unref();
      console.log(await queue.waitAsync());`;
    expect(await run(backEnd, script)).toBe("1\n");
  });

  test.concurrent("one that is closed does not, nor does one after unref, nor process.exit wait for it", async () => {
    const closed = `queue.waitAsync().catch(({ code }) => console.log(code)); setImmediate(() => queue.close());`;
    expect(await run(backEnd, closed)).toBe("E_CLOSED\n");
    const free = `queue.register(queue.pipe().reader, 1); queue.unref(); queue.waitAsync(1e6).then(() => console.log("never"));`;
    expect(await run(backEnd, free)).toBe("");
    const exiting = `queue.register(queue.pipe().reader, 1); queue.waitAsync(); setImmediate(() => process.exit());`;
    expect(await run(backEnd, exiting)).toBe("");
  });

  test.concurrent("while it waits it uses no processor time", async () => {
    const script = `queue.register(queue.pipe().reader, 1);
      queue.wait(1);
      let before = process.cpuUsage();
      queue.wait(300);
      let { user, system } = process.cpuUsage(before);
      console.log(user + system < 30_000);
      before = process.cpuUsage();
      await queue.waitAsync(300);
      ({ user, system } = process.cpuUsage(before));
      console.log(user + system < 60_000);`;
    expect(await run(backEnd, script)).toBe("true\ntrue\n");
  });
});
