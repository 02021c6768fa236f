/**
 * Attachments pass through a process and stay nowhere in it: 200 MB of them over real sockets, in a process of its own.
 *
 * What is judged is the memory that is reachable, heap and buffers together, every eight mebibytes. What waits to be
 * collected and the resident set are printed beside it: they are V8's and the allocator's to keep, up to limits of theirs.
 */
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { createSimulator, type NewFileAttachment } from "../../simulator/index.js";
import { readIn } from "./fixtures/attachments/reading.js";

const address = "support@contoso.com";
const mebibyte = 2 ** 20;
const allowed = 64 * mebibyte;

function mailboxWith(attachments: readonly NewFileAttachment[]) {
  const sim = createSimulator({ seed: 1 });
  const { mailbox } = sim.addUser({ address });
  const id = mailbox.deliver({ attachments });
  const hashes = mailbox.attachments(id).map((one) => {
    const hash = createHash("sha256");
    for (const piece of one.pieces()) hash.update(piece);
    return hash.digest("hex");
  });
  return { sim, hashes };
}

const inMebibytes = (bytes: number) => (bytes / mebibyte).toFixed(1);

test.each(["global", "undici"] as const)("200 MB of attachments pass through less than 64 MB, by the %s door", async (door) => {
  const { sim, hashes } = mailboxWith([100, 60, 30, 10].map((size, index) => ({ name: `${index}.bin`, content: size * mebibyte })));
  const reading = await readIn(sim, address, { door, gathers: false });
  const { idle, highest, highestWithGarbage, idleResident, highestResident } = reading;
  const [above, withGarbage, resident] = [highest - idle, highestWithGarbage - idle, highestResident - idleResident].map(inMebibytes);
  console.log(
    `Attachments by the ${door} door: ${inMebibytes(reading.bytes)} MiB read, at most ${above} MiB above idle (with garbage ${withGarbage}, resident ${resident}).`,
  );
  expect(reading.hashes).toEqual(hashes);
  expect(reading.bytes).toBe(200 * mebibyte);
  expect(highest - idle).toBeLessThan(allowed);
  expect(sim.log.mostAtOnce(address)).toBeLessThanOrEqual(4);
});

test("a host that gathers what it reads is seen to need more than that", async () => {
  const { sim } = mailboxWith([{ content: 40 * mebibyte }, { content: 40 * mebibyte }]);
  const { highest, idle } = await readIn(sim, address, { door: "global", gathers: true });
  expect(highest - idle).toBeGreaterThan(allowed);
});
