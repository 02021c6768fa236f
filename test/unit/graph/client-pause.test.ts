/** What a call makes of Graph's pauses: who is kept waiting, since when, and how long where Graph does not say. */
import { describe, expect, it } from "vitest";
import type { Bar } from "../../../src/graph/bar.js";
import { sendBatch } from "../../../src/graph/batch.js";
import { createGate } from "../../../src/graph/gate.js";
import { deferred } from "../../support/deferred.js";
import { wideGovernor } from "../../support/governance.js";
import { settle } from "../../support/manual-clock.js";
import { rejected } from "../../support/rejection.js";
import { immutable, queue, setUp } from "./set-up.js";

const page = { method: "GET", target: "/me/mailFolders/inbox/messages/delta", what: "a page" } as const;

describe("a pause that Graph names", () => {
  it.each([429, 503])("in a %i closes the gate before the caller learns of it, and ends the call when it is long", async (status) => {
    const { client, mailbox, sim, bars, clock, sent } = await setUp();
    sim.faults.add({ name: "pause", route: "delta", count: 1, status, retryAfter: 60 });
    const until = clock.now() + 60_000;
    const learned = client.call(mailbox, page).catch((error: unknown) => ({ error, barredUntil: mailbox.gate.barredUntil }));
    expect(await learned).toMatchObject({ error: { notBeforeAt: until, queue }, barredUntil: until });
    expect(bars).toHaveLength(1);
    expect(sent).toHaveLength(1);
  });

  it("is waited out within the call when it is short, and never cut", async () => {
    const { client, mailbox, sim, sent, clock } = await setUp();
    sim.faults.add({ name: "pause", route: "delta", count: 2, status: 429, retryAfter: 14.5 });
    const call = client.call(mailbox, page);
    await clock.advance(14_499);
    expect(sent).toHaveLength(1);
    await clock.advance(2_000);
    expect(sent).toHaveLength(2);
    await clock.advance(16_000);
    expect((await call).status).toBe(200);
    expect(sim.log.knockedWhileBarred()).toEqual([]);
  });

  it("keeps everything else of that mailbox waiting too, and nothing of another", async () => {
    const { client, mailbox, sim, sent, clock, addMailbox } = await setUp();
    const other = await addMailbox("sales@contoso.com");
    sim.faults.add({ name: "pause", route: "delta", count: 1, status: 429, retryAfter: 5 });
    const first = client.call(mailbox, page);
    await settle();
    const second = client.call(mailbox, { ...page, target: "/me/mailFolders/inbox" });
    await client.call(other.mailbox, page);
    expect(sent).toHaveLength(2);
    await clock.advance(4_999);
    expect(sent).toHaveLength(2);
    await clock.advance(1);
    await Promise.all([first, second]);
    expect(sent).toHaveLength(4);
  });

  it("that begins while a token is fetched holds back the request that waits for it", async () => {
    const { client, mailbox, sent, clock, tokens } = await setUp();
    const token = deferred();
    tokens.hold = token.promise;
    const call = client.call(mailbox, page);
    await settle();
    mailbox.gate.bar({ until: clock.now() + 5_000, code: "x" });
    token.resolve();
    await clock.advance(4_999);
    expect(sent).toEqual([]);
    await clock.advance(1);
    expect((await call).status).toBe(200);
  });

  it("that begins while a new token is fetched after a 401 holds back the repetition", async () => {
    const { client, mailbox, sent, clock, tokens, sim } = await setUp();
    sim.faults.add({ name: "expired", route: "delta", count: 1, status: 401 });
    const renewal = deferred();
    const get: typeof tokens.get = async (request) => {
      if (request?.refused !== undefined) await renewal.promise;
      return tokens.get(request);
    };
    const call = client.call({ ...mailbox, tokens: { ...tokens, get } }, page);
    await settle();
    expect(sent).toHaveLength(1);
    mailbox.gate.bar({ until: clock.now() + 5_000, code: "x" });
    renewal.resolve();
    await clock.advance(4_999);
    expect(sent).toHaveLength(1);
    await clock.advance(1);
    expect((await call).status).toBe(200);
    expect(sent).toHaveLength(2);
  });
});

describe("a pause that Graph does not name", () => {
  /** How long the gate is closed after one more refusal. */
  async function refusedOnce({ client, mailbox, clock }: Awaited<ReturnType<typeof setUp>>): Promise<number> {
    await clock.advance(Math.max(0, mailbox.gate.barredUntil - clock.now()));
    const controller = new AbortController();
    const call = client.call(mailbox, { ...page, signal: controller.signal }).catch(() => undefined);
    await settle();
    const pauseMs = mailbox.gate.barredUntil - clock.now();
    controller.abort();
    await call;
    return pauseMs;
  }

  it.each([[undefined], [0], ["soon"]])(
    "(Retry-After %j) is ours, doubles with each further refusal up to two minutes, and begins anew after a success",
    async (retryAfter) => {
      const set = await setUp();
      set.clock.chance = 0;
      const stop = set.sim.faults.add({ name: "busy", route: "delta", status: 429, ...(retryAfter === undefined ? {} : { retryAfter }) });
      const pauses: number[] = [];
      for (let count = 0; count < 7; count += 1) pauses.push(await refusedOnce(set));
      expect(pauses).toEqual([2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
      await set.clock.advance(60_000);
      stop();
      await set.client.call(set.mailbox, page);
      set.sim.faults.add({ name: "busy again", route: "delta", status: 429, ...(retryAfter === undefined ? {} : { retryAfter }) });
      expect(await refusedOnce(set)).toBe(2_000);
    },
  );

  it("is told in the error, so that a long one ends the call instead of hanging it", async () => {
    const set = await setUp();
    set.clock.chance = 0;
    set.sim.faults.add({ name: "busy", route: "delta", status: 429 });
    for (let count = 0; count < 3; count += 1) await refusedOnce(set);
    await set.clock.advance(8_000);
    const begunAt = set.clock.now();
    const error = await rejected(set.client.call(set.mailbox, page));
    expect(error).toMatchObject({
      code: "GRAPH_THROTTLED",
      notBeforeAt: begunAt + 16_000,
      serviceCode: "ApplicationThrottled",
      status: 429,
    });
    expect(set.clock.now()).toBe(begunAt);
  });

  it("is none after other failures: those are the retry's", async () => {
    const { client, mailbox, sim, bars, inTime } = await setUp();
    sim.faults.add({ name: "down", route: "delta", count: 3, status: 503 });
    sim.faults.add({ name: "at once", route: "delta", count: 1, status: 503, retryAfter: 0 });
    await rejected(inTime(client.call(mailbox, page)));
    expect(bars).toEqual([]);
  });

  it("counts by mailbox", async () => {
    const set = await setUp();
    const { createGate } = await import("../../../src/graph/gate.js");
    set.clock.chance = 0;
    set.sim.faults.add({ name: "busy", route: "delta", status: 429 });
    expect([await refusedOnce(set), await refusedOnce(set)]).toEqual([2_000, 4_000]);
    const mailbox = { ...set.mailbox, gate: createGate({ clock: set.clock, queue, width: 4, governor: wideGovernor(set.clock) }) };
    expect(await refusedOnce({ ...set, mailbox })).toBe(2_000);
  });
});

describe("an answer that asks for no pause", () => {
  /** What the governor is told: of each answer, whether it was a refusal. */
  async function told() {
    const scene = await setUp();
    const answers: boolean[] = [];
    const governor = { ...wideGovernor(scene.clock), answered: (_: unknown, bar?: Bar) => void answers.push(bar !== undefined) };
    const gate = createGate({ clock: scene.clock, queue, width: 4, governor });
    return { ...scene, answers, mailbox: { ...scene.mailbox, gate } };
  }

  it("counts as one however long it takes to look at", async () => {
    const { client, mailbox, clock, answers } = await told();
    await client.call(mailbox, { ...page, inspect: () => clock.freeze(1) });
    expect(answers).toEqual([false]);
  });

  it("counts once, however many parts of a batch are refused for what they ask for", async () => {
    const { client, mailbox, answers, inTime } = await told();
    const parts = Array.from({ length: 20 }, (_, index) => ({
      id: String(index),
      method: "GET" as const,
      path: `/me/messages/none${index}?$select=subject`,
      prefer: immutable,
    }));
    const got = await inTime(sendBatch(client, mailbox, { parts, what: "looks" }));
    expect([...got.values()].filter(({ ok }) => ok)).toEqual([]);
    expect(answers).toEqual([false]);
  });
});
