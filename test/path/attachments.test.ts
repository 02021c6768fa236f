/** Attachments and MIME from the daemon's messages: within a delivery, after it, and after the stop. */
import { createHash } from "node:crypto";
import { expect, onTestFinished, test } from "vitest";
import { simulatorFetch } from "../../simulator/index.js";
import { type Delivery, type Fetch, type MailMessage, undiciFetch } from "../../src/index.js";
import { address, hostOptions, many, next, signedIn, simulatorWith } from "../support/host.js";
import { rejected } from "../support/rejection.js";

async function shaOf(stream: ReadableStream<Uint8Array>): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of stream) hash.update(piece);
  return hash.digest("hex");
}

function shaOfPieces(pieces: Iterable<Uint8Array>): string {
  const hash = createHash("sha256");
  for (const piece of pieces) hash.update(piece);
  return hash.digest("hex");
}

test.each<[string, (doorUrl: string) => Fetch]>([
  ["the global fetch", (url) => simulatorFetch(url)],
  ["undiciFetch", (url) => simulatorFetch(url, { fetch: undiciFetch({ keepAliveTimeoutMs: 1_000 }) })],
])("a handler reads attachments and MIME as they come, by %s", async (_, fetchFor) => {
  const sim = simulatorWith();
  const door = await sim.listen();
  onTestFinished(() => door.close());
  const { mailbox } = sim.user(address);
  const seen: string[] = [];
  const handler = async ({ message, signal }: Delivery) => {
    for (const attachment of await message.attachments({ signal })) seen.push(await shaOf(await attachment.stream({ signal })));
    seen.push(message.hasAttachments ? "has" : "has none but inline ones");
    const mime = new TextDecoder().decode(new Uint8Array(await new Response(await message.mime()).arrayBuffer()));
    seen.push(/^MIME-Version: .*/m.exec(mime)?.[0] ?? "no MIME");
  };
  const daemon = await signedIn(sim, hostOptions(sim, { handler, fetch: fetchFor(door.url) }));
  const id = mailbox.deliver({
    attachments: [
      { content: 500_000, isInline: true },
      { content: 3, isInline: true },
    ],
  });
  const settled = next(daemon, "message:marked");
  await daemon.start();
  await settled;
  await daemon.stop();
  const expected = mailbox.attachments(id).map((one) => shaOfPieces(one.pieces()));
  expect(seen).toEqual([...expected, "has none but inline ones", "MIME-Version: 1.0"]);
  expect(sim.log.mostAtOnce(address)).toBeLessThanOrEqual(4);
});

test("a message is asked after its delivery as well, until the daemon has stopped; then it says so", async () => {
  const sim = simulatorWith();
  const { mailbox } = sim.user(address);
  let kept: MailMessage | undefined;
  const handler = async ({ message }: Delivery) => {
    kept = message;
  };
  const daemon = await signedIn(sim, hostOptions(sim, { handler }));
  mailbox.deliver({ attachments: [{ content: 1_000_000 }] });
  const settled = next(daemon, "message:marked");
  await daemon.start();
  await settled;
  const [attachment] = (await kept?.attachments()) ?? [];
  expect(await attachment?.stream().then(shaOf)).toMatch(/^[0-9a-f]{64}$/);
  const reader = (await attachment?.stream())?.getReader();
  await reader?.read();
  await daemon.stop();
  expect((await rejected(reader?.read() ?? Promise.resolve())).code).toBe("LIFECYCLE_STOPPED");
  expect((await rejected(kept?.attachments() ?? Promise.resolve())).code).toBe("LIFECYCLE_STOPPED");
});

test("hosts that read slowly stop neither rounds nor marks of their queue", async () => {
  const sim = simulatorWith();
  const { mailbox } = sim.user(address);
  const open: ReadableStreamDefaultReader<Uint8Array>[] = [];
  const handler = async ({ message }: Delivery) => {
    if (open.length === 2) return;
    for (const attachment of await message.attachments()) {
      const reader = (await attachment.stream()).getReader();
      await reader.read();
      open.push(reader);
    }
  };
  const daemon = await signedIn(sim, hostOptions(sim, { handler }));
  mailbox.deliver({ attachments: [{ content: 5_000_000 }, { content: 5_000_000 }] });
  const first = next(daemon, "message:marked");
  await daemon.start();
  await first;
  const marked = many(daemon, "message:marked", 50);
  mailbox.deliverMany(Array.from({ length: 50 }, () => ({})));
  await marked;
  await daemon.pollNow(address);
  expect(open).toHaveLength(2);
  expect(sim.log.mostAtOnce(address)).toBeLessThanOrEqual(4);
  for (const reader of open) await reader.cancel();
  await daemon.stop();
});
