/** Tokens that Graph refuses: one new token, one repetition, and then the sign-in. */
import { describe, expect, it } from "vitest";
import type { Fault } from "../../../simulator/index.js";
import { MailError } from "../../../src/base/errors.js";
import { deferred } from "../../support/deferred.js";
import { rejected } from "../../support/rejection.js";
import { challenge, claims, claimsTexts, queue, setUp } from "./set-up.js";

const page = { method: "GET", target: "/me/mailFolders/inbox/messages/delta?$select=id", what: "a page" } as const;

const headers = { "www-authenticate": challenge };
const refusals = {
  "a 401": { status: 401 },
  "a 401 with a claims challenge": { status: 401, headers },
  "a 403 with a claims challenge": { status: 403, headers },
  "a 400 of an AuthenticationError": { status: 400, body: { error: { code: "AuthenticationError" } } },
} satisfies Record<string, Partial<Fault>>;
type Refusal = keyof typeof refusals;
const kinds = Object.keys(refusals) as Refusal[];
const claimsOf = (kind: Refusal) => ("headers" in refusals[kind] ? claims : undefined);

/** A mailbox whose next requests are answered so, one each. */
async function answering(...answers: Partial<Fault>[]) {
  const set = await setUp();
  const answer = (fault: Partial<Fault>) => set.sim.faults.add({ name: "refused", route: ["delta", "patch"], count: 1, ...fault });
  for (const one of answers) answer(one);
  return { ...set, answer, secrets: () => [...set.tokens.given, ...claimsTexts] };
}

describe.each(kinds)("%s", (kind) => {
  it("leads to one new token and one repetition of the same request", async () => {
    const { client, mailbox, mail, sent, tokens } = await answering(refusals[kind]);
    const id = mail.deliver();
    await client.call(mailbox, { method: "PATCH", target: `/me/messages/${encodeURIComponent(id)}`, body: { isRead: true }, what: "it" });
    expect(tokens.given).toHaveLength(2);
    expect(tokens.asked.slice(-2).map(({ refused, claims }) => ({ refused, claims }))).toEqual([
      { refused: undefined, claims: undefined },
      { refused: tokens.given[0], claims: claimsOf(kind) },
    ]);
    expect(sent.map(({ headers }) => headers.get("authorization"))).toEqual(tokens.given.map((token) => `Bearer ${token}`));
    expect(sent[1]).toMatchObject({ method: "PATCH", url: sent[0]?.url, body: '{"isRead":true}' });
    expect(mail.message(id)?.isRead).toBe(true);
    expect(mailbox.counter.requests).toBe(2);
    expect(tokens.refusals).toEqual([]);
  });

  it.each(kinds)("and then %s leads to the sign-in, and is not asked a third time", async (second) => {
    const { client, mailbox, sent, tokens, secrets } = await answering(refusals[kind], refusals[second]);
    const error = await rejected(client.call(mailbox, page), { secrets: secrets() });
    expect(error).toMatchObject({ code: "AUTH_SIGN_IN_REQUIRED", message: "Sign in again." });
    expect(sent).toHaveLength(2);
    expect(tokens.given).toHaveLength(2);
    expect(tokens.refusals).toHaveLength(1);
    expect(tokens.refusals[0]?.claims).toBe(claimsOf(second));
    expect(await rejected(Promise.reject(tokens.refusals[0]?.error), { secrets: secrets() })).toMatchObject({
      code: "GRAPH_UNAUTHORIZED",
      status: refusals[second].status,
      queue,
    });
  });

  it("is the second one too when the repetition failed in passing before it", async () => {
    const { client, mailbox, sent, tokens, inTime } = await answering({ status: 401 }, { status: 503 }, refusals[kind]);
    expect((await rejected(inTime(client.call(mailbox, page)))).code).toBe("AUTH_SIGN_IN_REQUIRED");
    expect(sent).toHaveLength(3);
    expect(tokens.given).toHaveLength(2);
  });

  it("is the first one again for the next call", async () => {
    const { client, mailbox, answer, sent, tokens } = await answering(refusals[kind]);
    await client.call(mailbox, page);
    answer(refusals[kind]);
    await client.call(mailbox, page);
    expect(sent).toHaveLength(4);
    expect(tokens.given).toHaveLength(3);
    expect(tokens.refusals).toEqual([]);
  });

  it("of many calls at once asks for a new token for the same old one, each with its claims", async () => {
    const { client, mailbox, sent, tokens, answer } = await answering();
    answer({ ...refusals[kind], count: 4 });
    await Promise.all(Array.from({ length: 4 }, () => client.call(mailbox, page)));
    expect(sent).toHaveLength(8);
    const renewals = tokens.asked.filter(({ refused }) => refused !== undefined);
    expect(renewals.map(({ refused, claims }) => [refused, claims])).toEqual(Array(4).fill([tokens.given[0], claimsOf(kind)]));
    expect(tokens.given).toHaveLength(2);
  });

  it("whose new token cannot be had ends the call with that error, and nothing more is sent", async () => {
    const { client, mailbox, sent, tokens, secrets } = await answering(refusals[kind]);
    const failure = new MailError("AUTH_UNAVAILABLE", "Entra is busy.");
    const get: typeof tokens.get = (request) => (request?.refused === undefined ? tokens.get(request) : Promise.reject(failure));
    const error = await rejected(client.call({ ...mailbox, tokens: { ...tokens, get } }, page), { secrets: secrets() });
    expect(error).toBe(failure);
    expect(sent).toHaveLength(1);
    expect(tokens.refusals).toEqual([]);
  });

  it("whose new token is waited for lets the caller's abort through, and nothing more is sent", async () => {
    const { client, mailbox, sent, tokens } = await answering(refusals[kind]);
    const controller = new AbortController();
    const seen = deferred<AbortSignal | undefined>();
    const get: typeof tokens.get = async (request) => {
      if (request?.refused === undefined) return tokens.get(request);
      seen.resolve(request.signal);
      return new Promise((_, reject) => request.signal?.addEventListener("abort", () => reject(request.signal?.reason), { once: true }));
    };
    const call = client.call({ ...mailbox, tokens: { ...tokens, get } }, { ...page, signal: controller.signal });
    expect(await seen.promise).toBe(controller.signal);
    controller.abort("stop");
    await expect(call).rejects.toBe("stop");
    expect(sent).toHaveLength(1);
    expect(tokens.refusals).toEqual([]);
  });

  it("that asks for a pause has its repetition wait", async () => {
    const { client, mailbox, sent, clock } = await answering({ ...refusals[kind], retryAfter: 5 });
    const call = client.call(mailbox, page);
    await clock.advance(4_999);
    expect(sent).toHaveLength(1);
    await clock.advance(1);
    expect((await call).status).toBe(200);
    expect(sent).toHaveLength(2);
  });

  it("that asks for a long pause ends the call with its end, and nothing more is sent", async () => {
    const { client, mailbox, sent, clock } = await answering({ ...refusals[kind], retryAfter: 60 });
    const until = clock.now() + 60_000;
    expect(await rejected(client.call(mailbox, page))).toMatchObject({ code: "GRAPH_THROTTLED", notBeforeAt: until });
    expect(sent).toHaveLength(1);
  });
});

describe("what is no refusal of the token", () => {
  it.each<[string, Partial<Fault>, string]>([
    ["a 403 without a challenge", { status: 403 }, "GRAPH_FORBIDDEN"],
    ["a 403 with a plain challenge", { status: 403, headers: { "www-authenticate": 'Bearer realm=""' } }, "GRAPH_FORBIDDEN"],
    ["a 404 with a claims challenge", { status: 404, headers, body: { error: { code: "ErrorItemNotFound" } } }, "GRAPH_NOT_FOUND"],
    ["a 429 with a claims challenge", { status: 429, headers, retryAfter: 60 }, "GRAPH_THROTTLED"],
  ])("%s asks for no other token", async (_, fault, code) => {
    const { client, mailbox, sent, tokens } = await answering(fault);
    expect((await rejected(client.call(mailbox, page))).code).toBe(code);
    expect(sent).toHaveLength(1);
    expect(tokens.given).toHaveLength(1);
    expect(tokens.refusals).toEqual([]);
  });

  it("neither is a server in trouble that speaks of a token: it is asked again as such", async () => {
    const { client, mailbox, sent, tokens, inTime } = await answering({ status: 503, body: { error: { code: "AuthenticationError" } } });
    expect((await inTime(client.call(mailbox, page))).status).toBe(200);
    expect(sent).toHaveLength(2);
    expect(tokens.given).toHaveLength(1);
  });

  it("neither is what the repetition is told: a 403 ends the call as such", async () => {
    const { client, mailbox, sent, tokens } = await answering({ status: 401, headers }, { status: 403 });
    expect((await rejected(client.call(mailbox, page))).code).toBe("GRAPH_FORBIDDEN");
    expect(sent).toHaveLength(2);
    expect(tokens.refusals).toEqual([]);
  });

  it("neither is a failure in passing of the repetition: it is told and repeated as such", async () => {
    const { client, mailbox, sent, tokens, inTime } = await answering({ status: 401 }, { status: 503 });
    expect((await inTime(client.call(mailbox, page))).status).toBe(200);
    expect(sent).toHaveLength(3);
    expect(tokens.refusals).toEqual([]);
  });
});

it("a second refusal whose telling fails ends the call with that failure", async () => {
  const { client, mailbox, sent, tokens } = await answering({ status: 401 }, { status: 401 });
  const failure = new MailError("STORE_UNAVAILABLE", "The disk is full.");
  const refusedAgain = () => Promise.reject(failure);
  await expect(client.call({ ...mailbox, tokens: { ...tokens, refusedAgain } }, page)).rejects.toBe(failure);
  expect(sent).toHaveLength(2);
});
