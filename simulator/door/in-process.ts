/**
 * The in-process door: a `fetch` that never touches the network.
 * Invariant: it behaves as the global fetch does for what a client can see (Response, abort, network failure); other hosts fail as an
 * unreachable network does. Knows no route.
 */
import { cloudOfAuthority, cloudOfGraph } from "../cloud.js";
import { type Ask, type ByteBody, nextTurn, type Outcome } from "../exchange.js";

/** Makes the door over a server. */
export function createInProcessFetch(serve: (ask: Ask) => Promise<Outcome>): typeof fetch {
  return async function simulatedFetch(input, init) {
    const reading = readRequest(input, init);
    // What needs no reading is on its way before this call returns, as concurrency is counted from then.
    const { ask, url, signal } = reading instanceof Promise ? await reading : reading;
    signal?.throwIfAborted();
    if (!cloudOfGraph(ask.host) && !cloudOfAuthority(ask.host)) throw networkFailure("ENOTFOUND", `getaddrinfo ENOTFOUND ${ask.host}`);
    if (!url.startsWith("https:")) throw networkFailure("ECONNREFUSED", `connect ECONNREFUSED ${ask.host}:80`);
    const outcome = await untilAborted(serve(ask), signal);
    if (outcome === "dropped") throw networkFailure("ECONNRESET", "read ECONNRESET");
    const { status, headers, body } = outcome;
    const response = new Response(typeof body === "string" ? body || null : streamOf(body, signal), { status, headers });
    Object.defineProperty(response, "url", { value: url });
    return response;
  };
}

interface ReadRequest {
  readonly ask: Ask;
  readonly url: string;
  readonly signal: AbortSignal | undefined;
}

function readRequest(input: Parameters<typeof fetch>[0], init: RequestInit | undefined): ReadRequest | Promise<ReadRequest> {
  const plainBody = init?.body === undefined || init.body === null || typeof init.body === "string";
  if (typeof input !== "string" && !(input instanceof URL)) return readWholeRequest(new Request(input, init));
  const method = (init?.method ?? "GET").toUpperCase();
  if (!plainBody || (init?.body && (method === "GET" || method === "HEAD"))) return readWholeRequest(new Request(input, init));
  const headers: Record<string, string> = {};
  new Headers(init?.headers).forEach((value, name) => {
    headers[name] = value;
  });
  const body = (init?.body as string | null | undefined) ?? "";
  if (body !== "") headers["content-type"] ??= "text/plain;charset=UTF-8";
  return finish(new URL(input), method, headers, body, init?.signal ?? undefined);
}

async function readWholeRequest(request: Request): Promise<ReadRequest> {
  const headers: Record<string, string> = {};
  request.headers.forEach((value, name) => {
    headers[name] = value;
  });
  return finish(new URL(request.url), request.method, headers, await request.text(), request.signal);
}

function finish(url: URL, method: string, headers: Record<string, string>, body: string, signal: AbortSignal | undefined): ReadRequest {
  const onGone =
    signal &&
    ((listener: () => void) => {
      if (signal.aborted) queueMicrotask(listener);
      signal.addEventListener("abort", listener, { once: true });
      return () => signal.removeEventListener("abort", listener);
    });
  const ask: Ask = { host: url.host, method, path: url.pathname, query: url.search.slice(1), headers, body, ...(onGone && { onGone }) };
  return { ask, url: url.href, signal };
}

/** The server goes on with its work, as a real one would; only the caller stops waiting. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}

/** Made as it is read; breaks off when the caller aborts, as the global fetch's does. */
function streamOf({ pieces }: ByteBody, signal: AbortSignal | undefined): ReadableStream<Uint8Array> {
  const from = pieces();
  let stopListening: () => void = () => undefined;
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const onAbort = () => {
          from.return?.();
          controller.error(signal?.reason);
        };
        signal?.addEventListener("abort", onAbort, { once: true });
        stopListening = () => signal?.removeEventListener("abort", onAbort);
      },
      async pull(controller) {
        // As a network does, it gives a piece in a later turn of the event loop.
        await nextTurn();
        if (signal?.aborted) return;
        try {
          const piece = from.next();
          if (!piece.done) return controller.enqueue(piece.value);
          stopListening();
          controller.close();
        } catch {
          stopListening();
          controller.error(
            new TypeError("terminated", { cause: Object.assign(new Error("other side closed"), { code: "UND_ERR_SOCKET" }) }),
          );
        }
      },
      cancel() {
        stopListening();
        from.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}

function networkFailure(code: string, message: string): TypeError {
  return new TypeError("fetch failed", { cause: Object.assign(new Error(message), { code }) });
}
