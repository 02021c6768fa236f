import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRedaction } from "../../../src/cli/redaction.js";
import { found } from "./leak-search.js";

const queues = ["zephyr@contoso.com", "myrtle@contoso.com"];
const others = { account: ["quartz@contoso.com"], tenant: ["contoso.com"], path: ["/srv/contoso/state"] };
const redaction = () => createRedaction({ queues, others });
const words = ["zephyr", "myrtle", "quartz", "contoso", "stranger", "example.org"];
const base64 = (text: string) => Buffer.from(text).toString("base64");

describe("an address", () => {
  it.each([
    ["zephyr@contoso.com has not been signed in.", "queue-1 has not been signed in."],
    ["Sign in as MYRTLE@Contoso.com.", "Sign in as queue-2."],
    ["asked of users/zephyr%40contoso.com", "asked of users/queue-1"],
    ["zephyr%2540contoso.com and quartz@contoso.com", "queue-1 and account-1"],
    ["stranger@example.org, then stranger@EXAMPLE.org, then zephyr@contoso.com", "address-1, then address-1, then queue-1"],
    ["notzephyr@contoso.com is another", "address-1 is another"],
    ["the tenant contoso.com", "the tenant tenant-1"],
  ])("of %s has a stand-in, the same everywhere", (text, redacted) => {
    expect(redaction().text(text)).toBe(redacted);
  });

  it("is not found again in any text, in whatever encoding it stands there", () => {
    const spelled = fc.oneof(
      fc.constantFrom(...queues, "quartz@contoso.com", "stranger@example.org"),
      fc.constantFrom(...queues).map((queue) => queue.toUpperCase()),
    );
    const encoded = fc
      .tuple(spelled, fc.constantFrom("plain", "url", "url twice", "base64", "base64url", "base64 inside"), fc.string({ maxLength: 6 }))
      .map(([text, way, before]) => {
        if (way === "url") return encodeURIComponent(text);
        if (way === "url twice") return encodeURIComponent(encodeURIComponent(text));
        if (way === "base64") return base64(text);
        if (way === "base64url") return Buffer.from(text).toString("base64url");
        return way === "base64 inside" ? base64(`${before}${text} and more`) : text;
      });
    const sentence = fc.array(fc.oneof(encoded, fc.lorem({ maxCount: 3 })), { minLength: 1, maxLength: 6 }).map((parts) => parts.join(" "));
    fc.assert(fc.property(sentence, (text) => found(redaction().text(text, { isSpeech: true }), words).length === 0));
  });
});

describe("what looks like a secret", () => {
  it("is hidden: keys, tokens, and texts that are encoded", () => {
    const key = randomBytes(32).toString("base64");
    const jwt = `${Buffer.from('{"alg":"none"}').toString("base64url")}.${randomBytes(90).toString("base64url")}.${randomBytes(40).toString("base64url")}`;
    const text = redaction().text(`It was ${key}, and ${jwt}; 1.AX${randomBytes(60).toString("base64url")}.`);
    // A key that begins with a slash goes as a path.
    expect(text).toMatch(/^It was (hidden|path-\d+), and hidden; hidden/);
  });

  it("is no code, step, host, time, number or sentence of ours", () => {
    for (const text of [
      "AUTH_VAULT_KEY_MISSING: Graph answered 404 RESTAPINotEnabledForComponentSharedMailbox to the mailbox.",
      "GRAPH_MAILBOX_UNAVAILABLE ErrorInternalServerTransientError MailboxNotEnabledForRESTAPI AADSTS7000218",
      "See https://login.partner.microsoftonline.cn/error and docs/setup-entra.md#multi-factor-authentication at 2026-03-01T08:00:00.000Z.",
      "microsoftgraph.chinacloudapi.cn and login.microsoftonline.com take connections on port 443 (UND_ERR_CONNECT_TIMEOUT).",
      "The token has User.Read, User.ReadBasic.All, Mail.ReadWrite, Mail.ReadWrite.Shared.",
    ])
      expect(redaction().text(text)).toBe(text);
  });
});

it.each([
  ["Run: chmod 600 /home/somebody/keys/mail.keys", "Run: chmod 600 path-2"],
  ["The store lmdb:/srv/contoso/state opens.", "The store lmdb:path-1 opens."],
  ["in C:\\Users\\somebody\\state: no", "in path-2: no"],
  ["user 5f3c1a7e-9b42-4d06-8f1e-2a6d0c9be741 from 10.1.2.3", "user id-1 from ip-1"],
  ["in process 12 on host mail-1.intern owns", "in process 12 on host host-1 owns"],
])("%s becomes %s", (text, redacted) => {
  expect(redaction().text(text)).toBe(redacted);
});

it("takes what stands in quotation marks out of what was found, and leaves the words of a menu", () => {
  const text = 'below "Inbox" there is no "Müller \\"GmbH\\"", but "Inbox"';
  expect(redaction().text(text, { isSpeech: true })).toBe('below "text-1" there is no "text-2", but "text-1"');
  expect(redaction().text('set "Assignment required?" to No')).toBe('set "Assignment required?" to No');
});

it("the search of these tests finds what is there", () => {
  expect(found(`a ${base64("to zephyr@contoso.com")} b`, words)).toEqual(["zephyr", "contoso"]);
  expect(found(`x${Buffer.from("quartz-and-more").toString("base64url")}`, words)).toEqual(["quartz"]);
  expect(found(encodeURIComponent(encodeURIComponent("<stranger@example.org>")), words)).toEqual(["stranger", "example.org"]);
  expect(found("nothing here", words)).toEqual([]);
});
