/** Mail above the queue's limit: handed over without its body and with a word about it, settled and marked like any other. */
import { expect, test } from "vitest";
import type { MailMessage } from "../../src/index.js";
import { address, hostOptions, many, signedIn, simulatorWith } from "../support/host.js";

test.each(["everything", "unread"] as const)(
  "of a queue that begins with %s, only the mail above the limit lacks its body",
  async (startFrom) => {
    const sim = simulatorWith();
    const { mailbox } = sim.user(address);
    const content = "x".repeat(100_000);
    mailbox.deliverMany([
      { subject: "small" },
      { subject: "large", body: { contentType: "text", content }, headers: [{ name: "Auto-Submitted", value: "auto-replied" }] },
      { subject: "headers", headers: [{ name: "X-Long", value: content }] },
    ]);
    const seen = new Map<string, MailMessage>();
    const options = hostOptions(sim, {
      defaults: { startFrom, maxMessageBytes: 50_000 },
      handler: ({ message }) => void seen.set(message.subject, message),
    });
    const daemon = await signedIn(sim, options);
    const marked = many(daemon, "message:marked", 3);
    await daemon.start();
    await marked;
    await daemon.stop();
    expect(seen.get("small")).not.toHaveProperty("oversize");
    const large = seen.get("large");
    expect(large).toMatchObject({ oversize: { bytes: expect.any(Number), missing: ["body"] }, automatic: { reason: "auto-reply" } });
    expect(large?.oversize?.bytes).toBeGreaterThan(200_000);
    expect(large).not.toHaveProperty("body");
    expect(large?.preview).toHaveLength(255);
    expect(seen.get("headers")).toMatchObject({ oversize: { missing: ["body", "headers"] }, headers: [] });
    expect(mailbox.messages().every(({ isRead }) => isRead)).toBe(true);
  },
);
