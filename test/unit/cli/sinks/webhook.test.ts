/** The webhook over a real socket: what is sent, which answers acknowledge, and when it is tried again. */
import { createHmac } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, test } from "vitest";
import { MailError } from "../../../../src/base/errors.js";
import { mailJson } from "../../../../src/cli/mail-json.js";
import { webhookSink } from "../../../../src/cli/sinks/webhook.js";
import { createManualClock } from "../../../support/manual-clock.js";
import { leaks } from "../../../support/rejection.js";
import { given, handOver } from "./given-delivery.js";
import { receiver } from "./receiver.js";

const key = Buffer.alloc(32, 9);
const secret = `whsec_${key.toString("base64")}`;
const env = { MAIL_WEBHOOK_SECRET: secret };

function sinkTo(url: string, options: { env?: NodeJS.ProcessEnv; deadlineMs?: number } = {}) {
  const clock = createManualClock();
  const { deadlineMs } = options;
  const config = { url, secretEnv: "MAIL_WEBHOOK_SECRET", ...(deadlineMs === undefined ? {} : { deadlineMs }) };
  return { clock, sink: webhookSink(config, { env: options.env ?? env, clock }) };
}

function refusalOf(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}

const signature = (id: unknown, timestamp: unknown, body: string, with_: Buffer) =>
  `v1,${createHmac("sha256", with_)
    .update(`${String(id)}.${String(timestamp)}.${body}`)
    .digest("base64")}`;

describe("a mail", () => {
  it("is posted as JSON to the address as configured, signed over id, time and body", async () => {
    const { url, received } = await receiver(() => ({ status: 200 }));
    const { sink, clock } = sinkTo(url);
    const one = given({ attempt: 2 });
    expect(await handOver(sink, one)).toEqual({ kind: "ack" });
    const [{ method, path, headers, body }] = received as [(typeof received)[0]];
    expect([method, path, headers["content-type"]]).toEqual(["POST", "/mail?from=daemon", "application/json"]);
    expect(JSON.parse(body)).toEqual(JSON.parse(JSON.stringify(mailJson(one.delivery))));
    expect(headers["webhook-id"]).toMatch(/^msg_[0-9a-f]{32}$/);
    expect(headers["webhook-timestamp"]).toBe(String(clock.now() / 1_000));
    expect(headers["webhook-signature"]).toBe(signature(headers["webhook-id"], headers["webhook-timestamp"], body, key));
    expect(headers.authorization).toBeUndefined();
    expect(clock.pending()).toBe(0);
  });

  it("has the same id at each attempt and another than other mail, and a time of its own at each", async () => {
    const { url, received } = await receiver(() => ({ status: 200 }));
    const { sink, clock } = sinkTo(url);
    await handOver(sink, given());
    await clock.advance(5_000);
    await handOver(sink, given({ attempt: 2 }));
    await handOver(sink, given({ id: "other" }));
    const [first, again, other] = received.map(({ headers }) => headers);
    expect(again?.["webhook-id"]).toBe(first?.["webhook-id"]);
    expect(other?.["webhook-id"]).not.toBe(first?.["webhook-id"]);
    expect(Number(again?.["webhook-timestamp"]) - Number(first?.["webhook-timestamp"])).toBe(5);
  });

  it("is signed with each of several secrets, so that one can be replaced", async () => {
    const { url, received } = await receiver(() => ({ status: 200 }));
    const next = Buffer.alloc(24, 3);
    const { sink } = sinkTo(url, { env: { MAIL_WEBHOOK_SECRET: `${secret} whsec_${next.toString("base64")}` } });
    await handOver(sink, given());
    const [{ headers, body }] = received as [(typeof received)[0]];
    const both = [key, next].map((one) => signature(headers["webhook-id"], headers["webhook-timestamp"], body, one));
    expect(headers["webhook-signature"]).toBe(both.join(" "));
  });
});

describe("an answer", () => {
  test.each([200, 201, 202, 204, 299, 409])("of %i acknowledges", async (status) => {
    const { url } = await receiver(() => ({ status }));
    expect(await handOver(sinkTo(url).sink, given())).toEqual({ kind: "ack" });
  });

  test.each([301, 307, 400, 401, 403, 404, 408, 410, 413, 422, 425, 429, 500, 502, 503])(
    "of %i is another attempt with the back-off of the daemon, and its reason tells nothing of the mail",
    async (status) => {
      const { url } = await receiver(() => ({ status }));
      const verdict = await handOver(sinkTo(url).sink, given());
      expect(verdict).toEqual({ kind: "retry", afterMs: undefined, error: expect.stringContaining(`answered ${status}`) as string });
      expect(verdict).toMatchObject({ error: expect.stringMatching(/^DELIVERY_WEBHOOK_REFUSED: 127\.0\.0\.1:\d+ /) as string });
      expect(JSON.stringify(verdict)).not.toMatch(/Secret words|parcel|ada@|support@/i);
    },
  );

  test.each([
    ["seconds", "120", 120_000],
    ["a date", "Sun, 01 Mar 2026 08:01:00 GMT", 60_000],
    ["no time at all", "0", 1_000],
    ["nonsense", "soon", undefined],
  ])("with Retry-After in %s is tried again then", async (_, after, afterMs) => {
    const headers = { "retry-after": after, date: "Sun, 01 Mar 2026 08:00:00 GMT" };
    for (const status of [429, 503, 400]) {
      const { url } = await receiver(() => ({ status, headers }));
      expect(await handOver(sinkTo(url).sink, given())).toMatchObject({ kind: "retry", afterMs });
    }
  });

  it("that is a redirect is not followed, wherever it leads", async () => {
    const elsewhere = await receiver(() => ({ status: 200 }));
    const { url } = await receiver(() => ({ status: 307, headers: { location: elsewhere.url } }));
    const verdict = await handOver(sinkTo(url).sink, given());
    expect(verdict).toMatchObject({ kind: "retry", error: expect.stringContaining("redirects are not followed") as string });
    expect(elsewhere.received).toEqual([]);
  });
});

describe("without an answer", () => {
  it("within the deadline it is another attempt, and the request is given up", async () => {
    const { url, until } = await receiver(() => undefined);
    const { sink, clock } = sinkTo(url);
    const end = handOver(sink, given());
    await until(1);
    await clock.advance(14_999);
    await clock.advance(1);
    expect(await end).toMatchObject({
      kind: "retry",
      error: expect.stringMatching(/^DELIVERY_WEBHOOK_TIMEOUT: .* within 15000 ms/) as string,
    });
  });

  it("the deadline is the configured one", async () => {
    const { url, until } = await receiver(() => undefined);
    const { sink, clock } = sinkTo(url, { deadlineMs: 2_000 });
    const end = handOver(sink, given());
    await until(1);
    await clock.advance(2_000);
    expect(await end).toMatchObject({ error: expect.stringContaining("within 2000 ms") as string });
  });

  it("because nobody listens there it is another attempt", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise<void>((resolve) => void server.close(() => resolve()));
    const verdict = await handOver(sinkTo(`http://127.0.0.1:${port}/`).sink, given());
    expect(verdict).toMatchObject({
      kind: "retry",
      error: expect.stringMatching(/^DELIVERY_WEBHOOK_UNREACHABLE: .*ECONNREFUSED/) as string,
    });
  });

  it("a stop cuts it off, and that is no attempt", async () => {
    const { url, until } = await receiver(() => undefined);
    const { sink, clock } = sinkTo(url);
    const one = given();
    const end = handOver(sink, one);
    await until(1);
    one.abort(new MailError("LIFECYCLE_STOPPED", "stopped"));
    await one.end({ kind: "cut-off" });
    expect(await end).toEqual({ kind: "cut-off" });
    expect(clock.pending()).toBe(0);
  });
});

describe("refused before any mail is asked for", () => {
  test.each([
    ["clear text to another machine", "http://hooks.example.com/mail", "http://hooks.example.com"],
    ["clear text to a name that begins like loopback", "http://127.0.0.1.example.com/", "http://127.0.0.1.example.com"],
    ["another scheme", "ftp://hooks.example.com/", "ftp://hooks.example.com"],
    ["name and password in it", "https://ada:letmein@hooks.example.com/mail?t=letmein", "https://hooks.example.com"],
  ])("is %s, named without what may be secret in it", (_, url, named) => {
    const refused = refusalOf(() => sinkTo(url));
    expect(refused).toMatchObject({ code: "CONFIG_INVALID", message: expect.stringContaining(named) as string });
    expect(leaks(refused, ["letmein"])).toEqual([]);
  });

  it("is a missing secret; https and each way to write loopback are not", () => {
    expect(() => sinkTo("https://hooks.example.com/", { env: {} })).toThrow("MAIL_WEBHOOK_SECRET");
    for (const url of ["https://hooks.example.com:8443/a", "http://127.0.0.1:80/", "http://[::1]:9/", "http://localhost/"]) {
      expect(sinkTo(url).sink.where).toBe(`the webhook at ${new URL(url).host}`);
    }
  });
});
