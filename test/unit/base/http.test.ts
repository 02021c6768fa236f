/** The door over doubles of `fetch`: deadline, abort, where it may lead, and what its errors show. */
import { getEventListeners } from "node:events";
import { describe, expect, it, vi } from "vitest";
import { MailError } from "../../../src/base/errors.js";
import { createHttp, type Fetch, type HttpRequest } from "../../../src/base/http.js";
import { deferred } from "../../support/deferred.js";
import { createManualClock, settle } from "../../support/manual-clock.js";
import { leaks, rejected } from "../../support/rejection.js";

const token = "eyJ0eXAiOiJKV1QifQ.secret-part.signature";
const url = "https://graph.microsoft.com/v1.0/me/messages?$select=id";
const deadlineMs = 5_000;

function door(fetch: Fetch | undefined, service: "GRAPH" | "AUTH" = "GRAPH", graceMs = 0) {
  const clock = createManualClock();
  const http = createHttp({ service, hosts: ["graph.microsoft.com"], deadlineMs, graceMs, fetch, clock });
  const ask = (request: Partial<HttpRequest> = {}) =>
    http({ method: "GET", url, headers: { Authorization: `Bearer ${token}` }, ...request });
  return { clock, ask };
}

/** A `fetch` that notes its calls and gives what `answer` makes. */
function noting(answer: (init: RequestInit) => Promise<Response> | Response = () => new Response("{}")) {
  const calls: { url: string; init: RequestInit }[] = [];
  const fetch: Fetch = async (input, init = {}) => {
    calls.push({ url: String(input), init });
    return answer(init);
  };
  return { calls, fetch };
}

/** Ends as the global `fetch` does when its signal aborts. */
const hanging = (init: RequestInit) =>
  new Promise<Response>((_, reject) => init.signal?.addEventListener("abort", () => reject(init.signal?.reason as Error), { once: true }));

/** Takes the request and neither answers nor listens. */
const deaf = () => new Promise<Response>(() => undefined);

const endlessBody = () => new Response(new ReadableStream({ start: (out) => out.enqueue(new TextEncoder().encode('{"value":[')) }));

describe("an answer", () => {
  it("comes with status, headers and text, whatever its status", async () => {
    const { fetch } = noting(() => new Response("busy", { status: 503, headers: { "Retry-After": "7" } }));
    const answer = await door(fetch).ask();
    expect(answer).toMatchObject({ status: 503, text: "busy" });
    expect(answer.headers.get("retry-after")).toBe("7");
  });

  it("was asked for with the method, url, headers and body given, byte for byte", async () => {
    const { fetch, calls } = noting();
    await door(fetch).ask({ method: "POST", url: `${url}&x=%2F%2b'('`, body: '{"a":"ü"}', headers: { Prefer: "a, b" } });
    expect(calls).toHaveLength(1);
    expect(calls[0]?.url).toBe(`${url}&x=%2F%2b'('`);
    expect(calls[0]?.init).toMatchObject({ method: "POST", body: '{"a":"ü"}', headers: { Prefer: "a, b" } });
  });

  it("leaves no timer and no listener on the caller's signal behind", async () => {
    const { signal } = new AbortController();
    const { ask, clock } = door(noting().fetch);
    await ask({ signal });
    expect(clock.pending()).toBe(0);
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });

  it("has a timer and a listener while it is waited for", async () => {
    const controller = new AbortController();
    const { ask, clock } = door(noting(hanging).fetch);
    const asked = ask({ signal: controller.signal });
    expect(clock.pending()).toBe(1);
    expect(getEventListeners(controller.signal, "abort")).toHaveLength(1);
    controller.abort();
    await expect(asked).rejects.toBe(controller.signal.reason);
  });

  it("is asked of the global fetch as it is at that moment when none was given", async () => {
    const { ask } = door(undefined);
    const { fetch, calls } = noting();
    vi.stubGlobal("fetch", fetch);
    try {
      await ask();
    } finally {
      vi.unstubAllGlobals();
    }
    expect(calls).toHaveLength(1);
  });
});

describe("the deadline", () => {
  it.each([
    ["a network that never answers", hanging],
    ["a body that never ends", endlessBody],
    ["a fetch that ignores its signal", deaf],
  ])("ends %s", async (_, answer) => {
    const { ask, clock } = door(noting(answer).fetch);
    const error = rejected(ask(), { secrets: [token] });
    let ended = false;
    void error.then(() => {
      ended = true;
    });
    await clock.advance(deadlineMs - 1);
    expect(ended).toBe(false);
    await clock.advance(1);
    expect(await error).toMatchObject({ code: "GRAPH_TIMEOUT", retryable: true });
    expect((await error).message).toContain("graph.microsoft.com gave no complete answer to GET within 5000 ms");
    expect(clock.pending()).toBe(0);
  });

  it("aborts the request itself, so that a well-behaved fetch lets go", async () => {
    const { fetch, calls } = noting(hanging);
    const { ask, clock } = door(fetch);
    const error = rejected(ask());
    expect(calls[0]?.init.signal?.aborted).toBe(false);
    await clock.advance(deadlineMs);
    await error;
    expect(calls[0]?.init.signal?.aborted).toBe(true);
  });

  it("is named after the service that was asked", async () => {
    const { ask, clock } = door(noting(hanging).fetch, "AUTH");
    const error = rejected(ask());
    await clock.advance(deadlineMs);
    expect(await error).toMatchObject({ code: "AUTH_TIMEOUT" });
  });
});

describe("the caller's abort", () => {
  it.each([
    ["before an answer", hanging],
    ["within the body", endlessBody],
    ["with a fetch that ignores its signal", deaf],
  ])("ends the request %s, with the caller's own reason", async (_, answer) => {
    const controller = new AbortController();
    const { ask, clock } = door(noting(answer).fetch);
    const asked = ask({ signal: controller.signal });
    await settle();
    controller.abort("the queue was paused");
    await expect(asked).rejects.toBe("the queue was paused");
    expect(clock.pending()).toBe(0);
  });

  it("that came before sends nothing", async () => {
    const { fetch, calls } = noting();
    await expect(door(fetch).ask({ signal: AbortSignal.abort("too late") })).rejects.toBe("too late");
    expect(calls).toEqual([]);
  });

  it("that comes from within the fetch ends the request too", async () => {
    const controller = new AbortController();
    const { ask } = door(
      noting(() => {
        controller.abort("the host stops");
        return deaf();
      }).fetch,
    );
    await expect(ask({ signal: controller.signal })).rejects.toBe("the host stops");
  });

  it("leaves an answer its grace, as the service is still at it", async () => {
    const controller = new AbortController();
    const answer = deferred<Response>();
    const { ask, clock } = door(() => answer.promise, "GRAPH", 1_000);
    const asked = ask({ signal: controller.signal });
    controller.abort("the host stops");
    await clock.advance(999);
    answer.resolve(new Response("late", { status: 429 }));
    expect(await asked).toMatchObject({ status: 429, text: "late" });
    expect(clock.pending()).toBe(0);
  });

  it("breaks off after that grace, and at once where the bytes were wanted as a stream", async () => {
    const { fetch, calls } = noting(hanging);
    const { ask, clock } = door(fetch, "GRAPH", 1_000);
    const controller = new AbortController();
    const { signal } = controller;
    const failure = () => new MailError("DELIVERY_CONTENT_UNREAD", "");
    const asked = expect(ask({ signal })).rejects.toBe("the host stops");
    const streamed = expect(ask({ signal, stream: { unreadMs: 1_000, failure } })).rejects.toBe("the host stops");
    controller.abort("the host stops");
    await streamed;
    await clock.advance(999);
    expect(calls.map(({ init }) => init.signal?.aborted)).toEqual([false, true]);
    await clock.advance(1);
    await asked;
    expect(clock.pending()).toBe(0);
  });

  it("leaves an answer that comes afterwards unheard", async () => {
    const controller = new AbortController();
    const late = deferred<Response>();
    const { ask } = door(noting(() => late.promise).fetch);
    const asked = ask({ signal: controller.signal });
    controller.abort("gone");
    await expect(asked).rejects.toBe("gone");
    late.resolve(new Response("too late", { status: 500 }));
    await settle();
  });
});

describe("only the hosts it was opened for", () => {
  it.each([
    ["a foreign host", "https://evil.example/v1.0/me"],
    ["a host that begins like ours", "https://graph.microsoft.com.evil.example/v1.0/me"],
    ["a host that ends like ours", "https://evil-graph.microsoft.com/v1.0/me"],
    ["another cloud's host", "https://graph.microsoft.us/v1.0/me"],
    ["the host with a dot at its end", "https://graph.microsoft.com./v1.0/me"],
    ["another port", "https://graph.microsoft.com:8443/v1.0/me"],
    ["clear text", "http://graph.microsoft.com/v1.0/me"],
    ["a user before the host", "https://graph.microsoft.com@evil.example/v1.0/me"],
    ["a user at the host", "https://someone@graph.microsoft.com/v1.0/me"],
    ["a password without a user at the host", "https://:letmein@graph.microsoft.com/v1.0/me"],
    ["a host hidden behind a tab", "https://graph.microsoft.com\t.evil.example/v1.0/me"],
    ["a file", "file:///etc/passwd"],
    ["data", "data:application/json,{}"],
    ["a relative path", "/v1.0/me"],
    ["nothing", ""],
  ])("%s is refused before anything is sent", async (_, target) => {
    const { fetch, calls } = noting();
    const { ask, clock } = door(fetch);
    const error = await rejected(ask({ url: target }), { secrets: [token, "letmein"] });
    expect(error.code).toBe("GRAPH_BAD_RESPONSE");
    expect(error.message).toContain("only https://graph.microsoft.com may be asked");
    expect(calls).toEqual([]);
    expect(clock.pending()).toBe(0);
  });

  it.each([
    ["with the port of https named", "https://graph.microsoft.com:443/v1.0/me"],
    ["in capitals", "HTTPS://GRAPH.MICROSOFT.COM/v1.0/me"],
  ])("its own host is asked, also %s", async (_, target) => {
    const { fetch, calls } = noting();
    await door(fetch).ask({ url: target });
    expect(calls.map((call) => call.url)).toEqual([target]);
  });

  it("a redirect is an answer like others and is not followed", async () => {
    const { fetch, calls } = noting(() => new Response(null, { status: 307, headers: { location: "https://evil.example/" } }));
    expect((await door(fetch).ask()).status).toBe(307);
    expect(calls).toHaveLength(1);
    expect(calls[0]?.init.redirect).toBe("manual");
  });
});

describe("a network failure", () => {
  it.each([0, 1, 2, 3])("is told by the system's own code, also %i causes deep", async (depth) => {
    let error: Error = Object.assign(new Error("read"), { code: "ECONNRESET" });
    for (let at = 0; at < depth; at += 1) error = new TypeError("fetch failed", { cause: error });
    const told = await rejected(door(noting(() => Promise.reject(error)).fetch).ask());
    expect(told).toMatchObject({ code: "GRAPH_UNREACHABLE", retryable: true, networkCode: "ECONNRESET" });
    expect(told.message).toBe("graph.microsoft.com could not be reached (ECONNRESET).");
  });

  it("within the body is a broken answer", async () => {
    const broken = () =>
      new Response(new ReadableStream({ start: (out) => out.error(Object.assign(new Error("x"), { code: "UND_ERR_SOCKET" })) }));
    const error = await rejected(door(noting(broken).fetch).ask());
    expect(error).toMatchObject({ code: "GRAPH_BAD_RESPONSE" });
    expect(error.message).toBe("graph.microsoft.com broke its answer to GET off (UND_ERR_SOCKET).");
  });

  it.each([
    ["an error whose cause is itself", () => Promise.reject(selfCaused())],
    ["a text", () => Promise.reject(`cannot send ${token}`)],
    ["nothing", () => Promise.reject(undefined)],
    [
      "an error at once",
      () => {
        throw new Error(`cannot send ${token}`);
      },
    ],
    ["something that is no response", () => Promise.resolve({ token } as unknown as Response)],
    [
      "the request in an error's fields",
      () => Promise.reject(Object.assign(new Error(token), { code: token, request: { token }, cause: new Error(token) })),
    ],
  ])("of a fetch that gives %s is ours, and shows no token", async (_, answer) => {
    const error = await rejected(door(noting(answer).fetch).ask(), { secrets: [token] });
    expect(error.code).toMatch(/^GRAPH_(UNREACHABLE|BAD_RESPONSE)$/);
  });

  it("shows no token either when the real fetch refuses the header that carries it", async () => {
    const broken = `${token}\nInjected: yes`;
    const { ask } = door(undefined);
    const error = await rejected(ask({ headers: { Authorization: `Bearer ${broken}` } }), { secrets: [token] });
    expect(error.code).toBe("GRAPH_UNREACHABLE");
  });

  it("would show the token if the error were kept as the cause", async () => {
    const headers = { Authorization: `Bearer ${token}\nInjected: yes` };
    const cause: unknown = await fetch(url, { headers }).catch((reason: unknown) => reason);
    expect(leaks(new Error("kept", { cause }), [token])).toEqual([token]);
  });
});

function selfCaused(): Error {
  const error = new Error("round");
  error.cause = error;
  return error;
}
