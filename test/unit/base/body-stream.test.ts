/** Bodies as streams, through the door: back-pressure, both idle limits, the byte limit, abort and cancel. */
import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { MailError } from "../../../src/base/errors.js";
import { createHttp, type Fetch, type HttpRequest } from "../../../src/base/http.js";
import { createManualClock, settle } from "../../support/manual-clock.js";
import { rejected } from "../../support/rejection.js";

const deadlineMs = 5_000;
const unreadMs = 60_000;

/** A body of pieces of ten bytes, made when they are asked for; `last` 0 never ends. */
function source(last = 3, stall = Number.POSITIVE_INFINITY) {
  const state = { pulled: 0, cancelled: false };
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (state.pulled >= stall) return new Promise(() => undefined);
        state.pulled += 1;
        controller.enqueue(new Uint8Array(10).fill(state.pulled));
        if (state.pulled === last) controller.close();
        return undefined;
      },
      cancel() {
        state.cancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  return { state, stream };
}

function door(body: ReadableStream<Uint8Array> | null, init: ResponseInit = {}) {
  const clock = createManualClock();
  const asked: { signal?: AbortSignal } = {};
  const fetch: Fetch = async (_, { signal } = {}) => {
    if (signal) asked.signal = signal;
    return new Response(body, init);
  };
  const http = createHttp({ service: "GRAPH", hosts: ["graph.microsoft.com"], deadlineMs, fetch, clock });
  const failure = (why: "over" | "unread") => new MailError("GRAPH_REFUSED", why);
  const ask = (request: Partial<HttpRequest> = {}) =>
    http({ method: "GET", url: "https://graph.microsoft.com/v1.0/x", headers: {}, stream: { unreadMs, failure }, ...request });
  const open = async (request: Partial<HttpRequest> = {}) => {
    const { body: streamed } = await ask(request);
    if (!streamed) throw new Error("There is no body.");
    const over = { yes: false };
    void streamed.ended.then(() => {
      over.yes = true;
    });
    return { reader: streamed.stream.getReader(), stream: streamed.stream, over };
  };
  return { clock, asked, ask, open, failure };
}

describe("a body as a stream", () => {
  it("gives every byte, and leaves no timer and no listener behind", async () => {
    const { signal } = new AbortController();
    const { clock, ask } = door(source().stream);
    const { body, text } = await ask({ signal });
    expect(text).toBe("");
    expect((await new Response(body?.stream).arrayBuffer()).byteLength).toBe(30);
    await body?.ended;
    expect([clock.pending(), getEventListeners(signal, "abort").length]).toEqual([0, 0]);
  });

  it("of an answer without one is empty", async () => {
    const { ask } = door(null, { status: 204 });
    expect(await new Response((await ask()).body?.stream).text()).toBe("");
  });

  it("is for 2xx alone: a refusal is a text", async () => {
    const answer = await door(source(1).stream, { status: 503 }).ask();
    expect([answer.status, answer.body, answer.text.length]).toEqual([503, undefined, 10]);
  });

  it("takes a piece from the network when one is asked for, never ahead", async () => {
    const { state, stream } = source(0);
    const { open } = door(stream);
    const { reader } = await open();
    await settle();
    expect(state.pulled).toBe(0);
    await reader.read();
    await reader.read();
    await settle();
    expect(state.pulled).toBe(2);
    await reader.cancel();
  });

  it("ends when the network gives nothing for the deadline; slow pieces are none of that", async () => {
    const { stream } = source(0, 2);
    const { open, clock, asked } = door(stream);
    const { reader, over } = await open();
    await clock.advance(deadlineMs * 2);
    await reader.read();
    await clock.advance(deadlineMs * 2);
    await reader.read();
    const third = rejected(reader.read());
    await settle();
    await clock.advance(deadlineMs - 1);
    expect(over.yes).toBe(false);
    await clock.advance(1);
    expect((await third).code).toBe("GRAPH_TIMEOUT");
    expect([over.yes, asked.signal?.aborted, clock.pending()]).toEqual([true, true, 0]);
  });

  it.each(["at the beginning", "in the middle"])("ends with the reader's error when nobody reads it, %s", async (where) => {
    const { state, stream } = source(0);
    const { open, clock, asked } = door(stream);
    const { reader, over } = await open();
    if (where === "in the middle") await reader.read();
    await settle();
    await clock.advance(unreadMs);
    expect([over.yes, asked.signal?.aborted, state.cancelled]).toEqual([true, true, true]);
    expect((await rejected(reader.read())).message).toBe("unread");
  });

  it("with more bytes than are wanted ends in the reader's error, before the piece that is too much", async () => {
    const { state, stream } = source(0);
    const { open, failure } = door(stream);
    const { reader, over } = await open({ stream: { unreadMs, failure, maxBytes: 25 } });
    await reader.read();
    await reader.read();
    expect((await rejected(reader.read())).message).toBe("over");
    expect([over.yes, state.cancelled, state.pulled]).toEqual([true, true, 3]);
  });

  it("that announces more than is wanted is refused at once, and its connection let go of", async () => {
    const { ask, asked, failure, clock } = door(source(0).stream, { headers: { "content-length": "26" } });
    expect((await rejected(ask({ stream: { unreadMs, failure, maxBytes: 25 } }))).message).toBe("over");
    expect([asked.signal?.aborted, clock.pending()]).toEqual([true, 0]);
  });

  it("of fewer bytes than it announced is cut, and says so", async () => {
    const { open } = door(source(3).stream, { headers: { "content-length": "40" } });
    const { reader } = await open();
    for (let piece = 0; piece < 3; piece += 1) await reader.read();
    expect(await rejected(reader.read())).toMatchObject({ code: "GRAPH_BAD_RESPONSE", message: expect.stringContaining("announced") });
  });

  it("that breaks off says so, without what the network said", async () => {
    const secret = "Bearer eyJ0eXAi";
    const { open } = door(new ReadableStream({ pull: (controller) => controller.error(new Error(secret)) }, { highWaterMark: 0 }));
    const { reader, over } = await open();
    expect((await rejected(reader.read(), { secrets: [secret] })).code).toBe("GRAPH_BAD_RESPONSE");
    expect(over.yes).toBe(true);
  });

  it("ends with the reason of the caller's abort, and lets go of the connection", async () => {
    const controller = new AbortController();
    const { open, asked, clock } = door(source(0).stream);
    const { reader, over } = await open({ signal: controller.signal });
    await reader.read();
    controller.abort("stop");
    await expect(reader.read()).rejects.toBe("stop");
    await settle();
    expect([over.yes, asked.signal?.aborted, clock.pending()]).toEqual([true, true, 0]);
  });

  it("that is cancelled lets go of the connection, and ends", async () => {
    const { state, stream } = source(0);
    const { open, asked, clock } = door(stream);
    const { reader, over } = await open();
    await reader.read();
    await reader.cancel();
    expect([over.yes, asked.signal?.aborted, state.cancelled, clock.pending()]).toEqual([true, true, true, 0]);
  });
});
