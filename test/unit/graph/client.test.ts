import { getEventListeners } from "node:events";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MailError } from "../../../src/base/errors.js";
import type { HttpRequest } from "../../../src/base/http.js";
import { createGraphClient } from "../../../src/graph/client.js";
import { deferred } from "../../support/deferred.js";
import { fixedTokens } from "../../support/fixed-tokens.js";
import { createManualClock, settle } from "../../support/manual-clock.js";
import { rejected } from "../../support/rejection.js";
import { graphHost, immutable, queue, setUp } from "./set-up.js";

const page = { method: "GET", target: "/me/mailFolders/inbox/messages/delta?$select=id", what: "a page", prefer: immutable } as const;

describe("a call", () => {
  it("goes to the version below the cloud's host with token, preference and the wish for JSON", async () => {
    const { client, mailbox, sent, secrets } = await setUp();
    const { status, text, headers } = await client.call(mailbox, page);
    expect(status).toBe(200);
    expect(JSON.parse(text)).toHaveProperty("value");
    expect(headers.get("date")).not.toBeNull();
    expect(sent).toHaveLength(1);
    expect(sent[0]?.url).toBe(`https://${graphHost}/v1.0${page.target}`);
    expect(sent[0]?.headers.get("authorization")).toBe(`Bearer ${secrets[0]}`);
    expect(sent[0]?.headers.get("prefer")).toBe(immutable);
    expect(sent[0]?.headers.get("accept")).toBe("application/json");
    expect(mailbox.counter).toEqual({ requests: 1, parts: 0 });
  });

  it.each(["POST", "PATCH"] as const)("by %s carries its body as JSON", async (method) => {
    const { client, mailbox, sent, network } = await setUp();
    network.fetch = async () => new Response(null, { status: 204 });
    await client.call(mailbox, { method, target: "/me/messages/x", what: "it", body: { destinationId: "archive", note: "ü" } });
    expect(sent[0]).toMatchObject({ method, body: '{"destinationId":"archive","note":"ü"}' });
    expect(sent[0]?.headers.get("content-type")).toBe("application/json");
  });

  it.each(["POST", "PATCH"] as const)("by %s that fails in passing is repeated as it was, to the last byte of its body", async (method) => {
    const { client, mailbox, sent, network, inTime } = await setUp();
    const answers = [429, 503, 504, 200].map(
      (status) => new Response("{}", { status, headers: status === 429 ? { "retry-after": "1" } : {} }),
    );
    network.fetch = async () => answers.shift() as Response;
    const body = { isRead: true, categories: ["Kunde ü", "\u2028"] };
    await inTime(client.call(mailbox, { method, target: "/me/messages/x%2F%3D", prefer: immutable, what: "it", body }));
    expect(sent).toHaveLength(4);
    const plain = ({ method, url, headers, body }: (typeof sent)[number]) => ({ method, url, headers: [...headers], body });
    for (const one of sent) expect(plain(one)).toEqual(plain(sent[0] as (typeof sent)[number]));
    expect(sent[0]).toMatchObject({ method, body: JSON.stringify(body) });
  });

  it("leaves a percent-encoded path as it is", async () => {
    const { client, mailbox, sent, network } = await setUp();
    network.fetch = async () => new Response("{}");
    const target = `/me/messages/${encodeURIComponent("a/b+c=d e'é")}?$select=id,receivedDateTime`;
    await client.call(mailbox, { ...page, target });
    expect(sent[0]?.url).toBe(`https://${graphHost}/v1.0${target}`);
  });

  const query = fc.stringMatching(/^[A-Za-z0-9$&=%+'();:@!*,._~/?-]{0,40}$/);
  it("follows a link byte for byte", async () => {
    const asked: HttpRequest[] = [];
    const client = createGraphClient({
      graphHost,
      clock: createManualClock(),
      http: async (request) => {
        asked.push(request);
        return { status: 200, headers: new Headers(), text: "{}" };
      },
    });
    const { mailbox } = await setUp();
    await fc.assert(
      fc.asyncProperty(query, query, async (path, search) => {
        const target = `https://${graphHost}/v1.0/me/${path}?${search}`;
        await client.call(mailbox, { ...page, target });
        expect(asked.at(-1)?.url).toBe(target);
      }),
    );
    for (const target of ["HTTPS://graph.microsoft.com/v1.0/x?b=2&a=1&b=2", "https://graph.microsoft.com:443/beta/x?$skip=1&$top=2"]) {
      await client.call(mailbox, { ...page, target });
      expect(asked.at(-1)?.url).toBe(target);
    }
  });

  it("to a foreign host is not sent, so that the token does not go there", async () => {
    const { client, mailbox, sent, secrets } = await setUp();
    for (const target of ["https://evil.example/v1.0/me", "https://graph.microsoft.us/v1.0/me", "http://graph.microsoft.com/v1.0/me"]) {
      const error = await rejected(client.call(mailbox, { ...page, target }), { secrets });
      expect(error.code).toBe("GRAPH_BAD_RESPONSE");
    }
    expect(sent).toEqual([]);
  });

  it("shares the mailbox with three others at once, unless it wants it whole", async () => {
    const { client, mailbox, sim } = await setUp();
    await Promise.all(Array.from({ length: 10 }, () => client.call(mailbox, page)));
    expect(sim.log.mostAtOnce()).toBe(4);
    sim.log.clear();
    await Promise.all(Array.from({ length: 10 }, () => client.call(mailbox, { ...page, exclusive: true })));
    expect(sim.log.mostAtOnce()).toBe(1);
  });

  it("leaves nothing behind on a signal that outlives it, and no timer", async () => {
    const { client, mailbox, clock, sim } = await setUp();
    const { signal } = new AbortController();
    sim.faults.add({ name: "refused", route: "delta", after: 50, status: 404 });
    for (let count = 0; count < 50; count += 1) await client.call(mailbox, { ...page, signal });
    for (let count = 0; count < 10; count += 1) await rejected(client.call(mailbox, { ...page, signal }));
    await settle();
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
    expect(clock.pending()).toBe(0);
  });
});

describe("a refusal", () => {
  it.each([
    [404, "", "GRAPH_UNAVAILABLE", 4],
    [400, "", "GRAPH_UNAVAILABLE", 4],
    [502, "<html>Bad gateway</html>", "GRAPH_UNAVAILABLE", 4],
    [503, "", "GRAPH_UNAVAILABLE", 4],
    [504, '{"error":{"code":"UnknownError","message":""}}', "GRAPH_UNAVAILABLE", 4],
    [403, "<html>Denied</html>", "GRAPH_FORBIDDEN", 1],
    [404, '{"error":{"code":"ErrorItemNotFound"}}', "GRAPH_NOT_FOUND", 1],
    [410, '{"error":{"code":"syncstatenotfound"}}', "SYNC_CURSOR_LOST", 1],
    [302, "", "GRAPH_REFUSED", 1],
    [300, "{}", "GRAPH_REFUSED", 1],
  ])("of status %i and body %j is %s, asked %i times", async (status, body, code, times) => {
    const { client, mailbox, sim, sent, inTime, secrets } = await setUp();
    sim.faults.add({ name: "refused", route: "delta", status, body });
    const error = await rejected(inTime(client.call(mailbox, page)), { secrets });
    expect(error).toMatchObject({ code, status, queue });
    expect(sent).toHaveLength(times);
  });
});

describe("a token that cannot be had", () => {
  it("ends the call with the sign-in's own error, and nothing is sent", async () => {
    const { client, mailbox, sent } = await setUp();
    const error = new MailError("AUTH_SIGN_IN_REQUIRED", "Sign in.");
    const tokens = { get: () => Promise.reject(error) };
    await expect(client.call({ ...mailbox, tokens: { ...fixedTokens(), ...tokens } }, page)).rejects.toBe(error);
    expect(sent).toEqual([]);
  });

  it("for a reason that is none of ours becomes an error of ours", async () => {
    const { client, mailbox } = await setUp();
    const tokens = {
      get() {
        throw new TypeError("broken");
      },
    };
    const error = await rejected(client.call({ ...mailbox, tokens: { ...fixedTokens(), ...tokens } }, page));
    expect(error).toMatchObject({ code: "GRAPH_UNREACHABLE", queue, message: `a page of ${queue} failed.` });
  });
});

describe("the caller's abort", () => {
  it.each([
    ["a MailError", new MailError("LIFECYCLE_STOPPED", "Stopped.")],
    ["a plain error", new Error("stop")],
    ["a text", "stop"],
    ["nothing", undefined],
  ])("comes through with its reason, when that is %s", async (_, reason) => {
    const { client, mailbox, network, clock } = await setUp();
    network.fetch = () => new Promise(() => undefined);
    const controller = new AbortController();
    const call = client.call(mailbox, { ...page, signal: controller.signal });
    await settle();
    controller.abort(reason);
    await expect(call).rejects.toBe(controller.signal.reason);
    expect(clock.pending()).toBe(0);
  });

  it("ends the wait before a repetition, and the request is not repeated", async () => {
    const { client, mailbox, sim, sent, clock } = await setUp();
    sim.faults.add({ name: "busy", route: "delta", status: 503, retryAfter: 10 });
    const controller = new AbortController();
    const call = client.call(mailbox, { ...page, signal: controller.signal });
    await settle();
    expect(clock.pending()).toBe(1);
    controller.abort("stop");
    await expect(call).rejects.toBe("stop");
    await clock.advance(60_000);
    expect(sent).toHaveLength(1);
  });

  it("is handed to whoever fetches the token", async () => {
    const { client, mailbox } = await setUp();
    const { signal } = new AbortController();
    const seen = deferred<AbortSignal | undefined>();
    const tokens = {
      async get(request: { signal?: AbortSignal | undefined } = {}) {
        seen.resolve(request.signal);
        return "token";
      },
    };
    await rejected(client.call({ ...mailbox, tokens: { ...fixedTokens(), ...tokens } }, { ...page, signal }));
    expect(await seen.promise).toBe(signal);
  });
});
