/** Parts of a batch whose token Graph refuses: sent once more with a new one, and then the sign-in, without a lost answer. */
import { describe, expect, it } from "vitest";
import type { Fault } from "../../../simulator/index.js";
import { MailError } from "../../../src/base/errors.js";
import { type BatchCall, type PartAnswer, sendBatch } from "../../../src/graph/batch.js";
import type { BatchPart } from "../../../src/graph/wire.js";
import { leaks, rejected } from "../../support/rejection.js";
import { challenge, claims, claimsTexts, immutable, setUp } from "./set-up.js";

const plain = { status: 401 };
const challenged = { status: 401, headers: { "www-authenticate": challenge } };
const forbidden = { status: 403, headers: { "www-authenticate": challenge } };

/** Messages, a part for each that reads it, and what is sent and answered in short. */
async function withMessages(count: number) {
  const set = await setUp();
  const ids = set.mail.deliverMany(Array.from({ length: count }, () => ({})));
  const parts = ids.map((id, index): BatchPart => {
    return { id: String(index), method: "GET", path: `/me/messages/${encodeURIComponent(id)}?$select=id`, prefer: immutable };
  });
  const send = (more: Partial<BatchCall> = {}) =>
    set.inTime(sendBatch(set.client, set.mailbox, { parts, what: "reading messages", ...more }));
  return {
    ...set,
    parts,
    send,
    /** Answers the part so, as often as said. */
    answer: (index: number, fault: Partial<Fault>, count = 1) =>
      set.sim.faults.add({ name: "refused", route: "message", messageId: ids[index] ?? "", count, ...fault }),
    /** The parts of each batch that was sent. */
    batches: () => set.sent.map(({ body }) => (JSON.parse(body) as { requests: { id: string }[] }).requests.map(({ id }) => id)),
    renewals: () => set.tokens.asked.filter(({ refused }) => refused !== undefined).map(({ refused, claims }) => ({ refused, claims })),
    secrets: () => [...set.tokens.given, ...claimsTexts],
  };
}

const codes = (answers: ReadonlyMap<string, PartAnswer>) =>
  Object.fromEntries([...answers].map(([id, answer]) => [id, answer.ok ? answer.status : answer.error.code]));

describe("a part whose token is refused", () => {
  it.each([
    ["by a 401", plain, undefined],
    ["by a claims challenge", challenged, claims],
    ["by a claims challenge with status 403", forbidden, claims],
    ["by the code of a token", { status: 400, body: { error: { code: "unauthenticated" } } }, undefined],
  ])("%s is sent once more by itself with a new token", async (_, fault, asked) => {
    const set = await withMessages(4);
    set.answer(2, fault);
    expect(codes(await set.send())).toEqual({ 0: 200, 1: 200, 2: 200, 3: 200 });
    expect(set.batches()).toEqual([["0", "1", "2", "3"], ["2"]]);
    expect(set.renewals()).toEqual([{ refused: set.tokens.given[0], claims: asked }]);
    expect(set.sent.map(({ headers }) => headers.get("authorization"))).toEqual(set.tokens.given.map((token) => `Bearer ${token}`));
    expect(set.tokens.refusals).toEqual([]);
  });

  it("is sent once more also where the caller does the repeating", async () => {
    const set = await withMessages(2);
    set.answer(1, challenged);
    expect(codes(await set.send({ tries: 1 }))).toEqual({ 0: 200, 1: 200 });
  });

  it("among others that are, plainly or with a challenge, shares one new token with them", async () => {
    const set = await withMessages(5);
    set.answer(0, plain);
    set.answer(2, challenged);
    set.answer(3, forbidden);
    set.answer(4, { status: 403 });
    expect(codes(await set.send())).toEqual({ 0: 200, 1: 200, 2: 200, 3: 200, 4: "GRAPH_FORBIDDEN" });
    expect(set.batches()).toEqual([
      ["0", "1", "2", "3", "4"],
      ["0", "2", "3"],
    ]);
    expect(set.renewals()).toEqual([{ refused: set.tokens.given[0], claims }]);
  });

  it("and that then fails in passing is sent again as such", async () => {
    const set = await withMessages(3);
    set.answer(1, challenged);
    set.answer(1, { status: 503 });
    set.answer(2, { status: 503 });
    expect(codes(await set.send())).toEqual({ 0: 200, 1: 200, 2: 200 });
    expect(set.batches()).toEqual([["0", "1", "2"], ["1"], ["1", "2"]]);
    expect(set.renewals()).toHaveLength(1);
  });

  it("in a batch of its own among many is the first one of that part", async () => {
    const set = await withMessages(21);
    set.answer(0, challenged);
    set.answer(20, challenged);
    expect(Object.values(codes(await set.send()))).toEqual(Array(21).fill(200));
    expect(set.batches().map((batch) => batch.length)).toEqual([20, 1, 1, 1]);
    expect(set.renewals()).toHaveLength(2);
    expect(set.tokens.refusals).toEqual([]);
  });

  it.each(["WWW-Authenticate", "www-authenticate", "Www-AUTHENTICATE"])(
    "is known by its header %s, however its values come",
    async (name) => {
      const set = await withMessages(1);
      const answers = [
        { id: "0", status: 401, headers: { [name]: ['Basic realm="x"', challenge] } },
        { id: "0", status: 200 },
      ];
      const { fetch } = set.network;
      set.network.fetch = async (input, init) =>
        String(input).endsWith("$batch") ? Response.json({ responses: [answers.shift()] }) : fetch(input, init);
      expect(codes(await set.send())).toEqual({ 0: 200 });
      expect(set.renewals()).toEqual([{ refused: set.tokens.given[0], claims }]);
    },
  );

  it("is nobody's that was not asked for, or that has an answer as well", async () => {
    const set = await withMessages(1);
    const refused = (id: string) => ({ id, status: 401, headers: { "www-authenticate": challenge } });
    set.network.fetch = async () => Response.json({ responses: [refused("stranger"), refused("0"), { id: "0", status: 200 }] });
    expect(codes(await set.send())).toEqual({ 0: 200 });
    expect(set.renewals()).toEqual([]);
    expect(set.sent).toHaveLength(1);
  });

  it("names the token that the batch was sent with, although another is current by then", async () => {
    const set = await withMessages(1);
    set.answer(0, plain);
    const { fetch } = set.network;
    set.network.fetch = async (input, init) => {
      const answer = await fetch(input, init);
      if (set.sent.length === 1) await set.tokens.get({ claims: "{}" });
      return answer;
    };
    await set.send();
    expect(set.renewals()).toEqual([{ refused: set.tokens.given[0], claims: undefined }]);
    expect(set.tokens.given).toHaveLength(2);
  });
});

describe("a part whose new token is refused too", () => {
  it.each([
    ["plainly", plain, undefined],
    ["by a claims challenge", challenged, claims],
  ])("%s ends the sending with the sign-in's error, and what was answered stays answered", async (_, second, asked) => {
    const set = await withMessages(5);
    set.answer(1, challenged);
    set.answer(1, second);
    set.answer(2, challenged);
    set.answer(3, { status: 503 }, 10);
    set.answer(4, { status: 404, body: { error: { code: "ErrorItemNotFound" } } });
    const answers = await set.send();
    expect(codes(answers)).toEqual({ 0: 200, 1: "AUTH_SIGN_IN_REQUIRED", 2: 200, 3: "AUTH_SIGN_IN_REQUIRED", 4: "GRAPH_NOT_FOUND" });
    expect(set.batches()).toEqual([
      ["0", "1", "2", "3", "4"],
      ["1", "2"],
    ]);
    expect(set.tokens.refusals).toHaveLength(1);
    expect(set.tokens.refusals[0]).toMatchObject({ error: { code: "GRAPH_UNAUTHORIZED", status: 401 } });
    expect(set.tokens.refusals[0]?.claims).toBe(asked);
    expect(leaks([...answers.values(), set.tokens.refusals[0]?.error], set.secrets())).toEqual([]);
  });

  it("with every other part of the batch throws: no answer is lost by it", async () => {
    const set = await withMessages(3);
    for (const index of set.parts.keys()) set.answer(index, challenged, 2);
    expect((await rejected(set.send(), { secrets: set.secrets() })).code).toBe("AUTH_SIGN_IN_REQUIRED");
    expect(set.batches()).toHaveLength(2);
    expect(set.tokens.refusals).toHaveLength(1);
  });

  it("is refused again also when it failed in passing in between", async () => {
    const set = await withMessages(2);
    for (const fault of [challenged, { status: 503 }, plain]) set.answer(1, fault);
    expect(codes(await set.send())).toEqual({ 0: 200, 1: "AUTH_SIGN_IN_REQUIRED" });
    expect(set.batches()).toEqual([["0", "1"], ["1"], ["1"]]);
    expect(set.renewals()).toHaveLength(1);
  });
});

describe("a new token that cannot be had", () => {
  const failure = new MailError("AUTH_UNAVAILABLE", "Entra is busy.");

  it.each([
    ["one of ours", failure, "AUTH_UNAVAILABLE"],
    ["any other", new TypeError("broken"), "GRAPH_UNREACHABLE"],
  ])("for an error that is %s leaves it with the parts that wait, and the others answered", async (_, error, code) => {
    const set = await withMessages(3);
    set.answer(1, challenged);
    set.tokens.get = async (request = {}) => (request.refused === undefined ? (set.tokens.given[0] ?? "") : Promise.reject(error));
    expect(codes(await set.send())).toEqual({ 0: 200, 1: code, 2: 200 });
    expect(set.sent).toHaveLength(1);
    expect(set.tokens.refusals).toEqual([]);
  });

  it("because the caller gives up ends with the caller's reason", async () => {
    const set = await withMessages(2);
    set.answer(1, challenged);
    const controller = new AbortController();
    set.tokens.get = async (request = {}) => {
      if (request.refused === undefined) return set.tokens.given[0] ?? "";
      expect(request.signal).toBe(controller.signal);
      controller.abort("stop");
      throw failure;
    };
    await expect(set.send({ signal: controller.signal })).rejects.toBe("stop");
    expect(set.sent).toHaveLength(1);
  });

  it("for a later batch leaves the earlier one's answers", async () => {
    const set = await withMessages(21);
    let asked = 0;
    set.tokens.get = async () => {
      asked += 1;
      if (asked > 1) throw failure;
      return set.tokens.given[0] ?? "";
    };
    const answers = codes(await set.send());
    expect(Object.values(answers).filter((answer) => answer === 200)).toHaveLength(20);
    expect(answers[20]).toBe("AUTH_UNAVAILABLE");
  });
});

it("a part whose token is refused while another is told a long pause has that pause as its answer, and nothing is sent", async () => {
  const set = await withMessages(3);
  set.answer(0, challenged);
  set.answer(1, { status: 429, retryAfter: 60 });
  const until = set.clock.now() + 60_000;
  const answers = await set.send();
  expect(codes(answers)).toEqual({ 0: "GRAPH_THROTTLED", 1: "GRAPH_THROTTLED", 2: 200 });
  expect(answers.get("0")).toMatchObject({ error: { notBeforeAt: until } });
  expect(set.sent).toHaveLength(1);
});

describe("a whole batch whose token is refused", () => {
  it("by a claims challenge is sent once more whole, with the claims", async () => {
    const set = await withMessages(3);
    set.sim.faults.add({ name: "refused", route: "batch", count: 1, ...challenged });
    expect(codes(await set.send())).toEqual({ 0: 200, 1: 200, 2: 200 });
    expect(set.batches()).toEqual([
      ["0", "1", "2"],
      ["0", "1", "2"],
    ]);
    expect(set.renewals()).toEqual([{ refused: set.tokens.given[0], claims }]);
  });

  it("twice ends with the sign-in's error", async () => {
    const set = await withMessages(3);
    set.sim.faults.add({ name: "refused", route: "batch", count: 2, ...challenged });
    expect((await rejected(set.send(), { secrets: set.secrets() })).code).toBe("AUTH_SIGN_IN_REQUIRED");
    expect(set.sent).toHaveLength(2);
    expect(set.tokens.refusals).toHaveLength(1);
  });
});

it("a batch that fails as a whole after others were answered is the answer of its parts alone, unless it is the request's fault", async () => {
  const set = await withMessages(21);
  set.sim.faults.add({ name: "down", route: "batch", after: 1, count: 4, status: 503 });
  const answers = codes(await set.send({ tries: 1 }));
  expect(Object.values(answers).filter((answer) => answer === 200)).toHaveLength(20);
  expect(answers[20]).toBe("GRAPH_UNAVAILABLE");
  set.sim.faults.add({ name: "broken", route: "batch", after: 1, status: 400 });
  expect((await rejected(set.send())).code).toBe("GRAPH_REFUSED");
});
