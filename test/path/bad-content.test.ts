/** Mail whose parts are missing, of the wrong type, huge or mean: every one is handed over, well-formed, settled and marked. */
import { expect, test } from "vitest";
import type { MailMessage } from "../../src/index.js";
import { address, hostOptions, many, signedIn, simulatorWith } from "../support/host.js";

type Item = Record<string, unknown>;

const long = "x".repeat(1_000_000);
const mean = "\u202egnp.exe\u0000\r\nBcc: all@contoso.com\ud800";
const person = (name: unknown, at: unknown) => ({ emailAddress: { name, address: at } });
const properties = ["subject", "bodyPreview", "body", "from", "sender", "toRecipients", "ccRecipients", "bccRecipients", "replyTo"];
const others = ["receivedDateTime", "sentDateTime", "categories", "importance", "hasAttachments", "conversationId", "internetMessageId"];
const allAs = (value: unknown): Item =>
  Object.fromEntries([...properties, ...others, "internetMessageHeaders"].map((name) => [name, value]));

/** What Graph says instead, by the kind of damage. */
const damages: Readonly<Record<string, Item>> = {
  "nothing but null": allAs(null),
  "nothing at all": allAs(undefined),
  "numbers for texts and lists": allAs(7),
  "texts for lists and objects": allAs("?"),
  "lists of nonsense": allAs([null, 5, "x", [], {}, { emailAddress: null }, { name: 5, value: {} }]),
  "impossible dates": { receivedDateTime: "2026-02-30T99:99:99Z", sentDateTime: "0000-00-00T00:00:00Z" },
  "bad addresses": { from: person("jane@contoso.com", "Jane"), replyTo: [person(null, '"<>'), person("", ""), { emailAddress: {} }] },
  "mean texts": { subject: mean, from: person(mean, mean), internetMessageHeaders: [{ name: mean, value: mean }], categories: [mean] },
  "a megabyte each": {
    subject: long,
    from: person(long, `${long}@contoso.com`),
    internetMessageHeaders: [{ name: "References", value: "<".repeat(1_000_000) }],
  },
  "five thousand recipients": { toRecipients: Array.from({ length: 5_000 }, (_, index) => person(`N ${index}`, `n${index}@contoso.com`)) },
};

test.each(["everything", "unread"] as const)("all such mail of a queue that begins with %s is handed over", async (startFrom) => {
  const sim = simulatorWith();
  const { mailbox } = sim.user(address);
  const kinds = Object.keys(damages);
  const ids = mailbox.deliverMany(kinds.map((kind) => ({ subject: kind })));
  const kindOf = new Map(ids.map((id, index) => [id, kinds[index] as string]));

  /** Puts the damage into every item of an answer that brings the message, as far as it shows those properties. */
  function damaged(json: unknown): unknown {
    if (Array.isArray(json)) return json.map(damaged);
    if (typeof json !== "object" || json === null) return json;
    const item = json as Item;
    const damage = damages[kindOf.get(String(item.id)) ?? ""];
    if (!damage) return Object.fromEntries(Object.entries(item).map(([name, value]) => [name, damaged(value)]));
    return { ...item, ...Object.fromEntries(Object.entries(damage).filter(([name]) => name in item)) };
  }
  const fetch: typeof globalThis.fetch = async (input, init) => {
    // Of a damaged item Graph has no MIME either.
    if (String(input).endsWith("/$value")) return Response.json({ error: { code: "ErrorMimeContentConversionFailed" } }, { status: 400 });
    const answer = await sim.fetch(input, init);
    const text = await answer.text();
    const isMail = String(input).includes("/messages") || String(input).includes("/$batch");
    return new Response(isMail && text ? JSON.stringify(damaged(JSON.parse(text))) : text, answer);
  };
  const seen = new Map<string, MailMessage>();
  const options = hostOptions(sim, {
    fetch,
    defaults: { startFrom },
    handler: ({ message }) => void seen.set(kindOf.get(message.id) ?? "?", message),
  });
  const daemon = await signedIn(sim, options);
  const failures: unknown[] = [];
  daemon.on("queue:failed", (event) => void failures.push(event));
  const marked = many(daemon, "message:marked", kinds.length);
  await daemon.start();
  await marked;
  await daemon.stop();

  expect([...seen.keys()].toSorted()).toEqual(kinds.toSorted());
  expect(failures).toEqual([]);
  expect(mailbox.messages().every(({ isRead }) => isRead)).toBe(true);
  for (const message of seen.values()) {
    expect(JSON.stringify(message).isWellFormed()).toBe(true);
    expect(JSON.stringify(message)).not.toMatch(/\\u?d[89a-f]/i);
    expect(Number.isNaN(message.receivedAt.getTime())).toBe(false);
  }
  expect(seen.get("nothing but null")).toMatchObject({ subject: "", to: [], headers: [], importance: "normal" });
  expect(seen.get("bad addresses")?.from).toEqual({ name: "Jane", address: "jane@contoso.com" });
  expect(seen.get("mean texts")?.from?.address).not.toMatch(/[\r\n]/);
  expect(seen.get("five thousand recipients")?.to).toHaveLength(5_000);
  expect(seen.get("a megabyte each")?.subject).toHaveLength(1_000_000);
});
