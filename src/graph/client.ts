/**
 * Graph calls: microsoft-graph-client with our own chain, so that every call takes its token, its place in the
 * mailbox's gate and its deadline, and opaque links pass unchanged (the client would take them apart and put them
 * together in another order).
 *
 * Invariants: a bearer token is set only on requests to the Graph host of this cloud (the door refuses the rest); a
 * 401 leads to one new token and one repetition; a pause that Graph asks for closes the gate before anybody learns of
 * it, and holds back what is sent after a wait for a token too.
 */
import { Client, type Context, type Middleware, ResponseType } from "@microsoft/microsoft-graph-client";
import { backoffMs } from "../base/backoff.js";
import type { Clock } from "../base/clock.js";
import { asMailError, MailError } from "../base/errors.js";
import type { Http, HttpAnswer } from "../base/http.js";
import type { Gate } from "./gate.js";
import { type Refusal, refusalError } from "./refusal.js";
import { retrying } from "./retry.js";
import type { TokenSource } from "./token.js";
import type { Json, JsonObject } from "./wire.js";

/** One mailbox as calls see it. */
export interface MailboxAccess {
  /** The queue address, for messages. */
  readonly queue: string;
  /** `/me`, or `/users/{address}` for a mailbox other than the account's own. */
  readonly root: string;
  readonly tokens: TokenSource;
  readonly gate: Gate;
  /** Counts what was sent: HTTP requests, and the parts inside batches. */
  readonly counter: { requests: number; parts: number };
}

export interface GraphCall {
  readonly method: "GET" | "POST" | "PATCH";
  /** Relative to the version, beginning with a slash and already percent-encoded; or the absolute link that Graph gave. */
  readonly target: string;
  readonly prefer?: string;
  readonly body?: JsonObject;
  /** Takes the whole gate. */
  readonly exclusive?: boolean;
  /** What it is, in a few words, for error messages: "a page of the inbox". */
  readonly what: string;
  readonly signal?: AbortSignal | undefined;
  /** Looks at a 2xx answer while the call still has its place in the gate: a pause set here holds for the very next request. */
  readonly inspect?: (answer: HttpAnswer) => void;
}

export interface GraphClient {
  readonly graphHost: string;
  readonly clock: Clock;
  /**
   * One call, repeated a few times when the failure is passing; resolves with a 2xx answer.
   * @throws MailError `GRAPH_…`, `SYNC_…`, `AUTH_…`, or the reason of the caller's abort.
   */
  call(mailbox: MailboxAccess, call: GraphCall): Promise<HttpAnswer>;
}

export interface GraphClientOptions {
  readonly http: Http;
  readonly graphHost: string;
  readonly clock: Clock;
}

/** How long a mailbox is left alone after a 429 that names no time; doubled with every further one until a call succeeds. */
const unnamedPause = { baseMs: 4_000, capMs: 120_000 };

/** What travels through the library with one call. It wraps every error thrown inside, so the error travels here. */
class CallContext {
  answer: HttpAnswer | undefined;
  failure: unknown;
  readonly mailbox: MailboxAccess;
  readonly call: GraphCall;
  constructor(mailbox: MailboxAccess, call: GraphCall) {
    this.mailbox = mailbox;
    this.call = call;
  }
}

/** The library only hands the response through: raw answers are never looked into. */
const unread = {} as Response;

export function createGraphClient({ http, graphHost, clock }: GraphClientOptions): GraphClient {
  const client = Client.initWithMiddleware({ baseUrl: `https://${graphHost}/`, middleware: chain(http) });
  /** 429s without a time since the last success, by mailbox. */
  const unnamedCounts = new WeakMap<Gate, number>();

  async function once(mailbox: MailboxAccess, call: GraphCall): Promise<HttpAnswer> {
    const context = new CallContext(mailbox, call);
    const request = client
      .api(isLink(call) ? "/" : call.target)
      .middlewareOptions([context])
      .responseType(ResponseType.RAW);
    if (call.prefer !== undefined) request.header("Prefer", call.prefer);
    if (call.method === "GET") await request.get();
    else if (call.method === "PATCH") await request.patch(call.body);
    else await request.post(call.body);
    if (context.failure !== undefined) throw context.failure;
    return checked(context);
  }

  function checked({ answer, mailbox, call }: CallContext): HttpAnswer {
    if (!answer) throw new MailError("GRAPH_UNREACHABLE", `No answer to ${call.what} of ${mailbox.queue}.`, { queue: mailbox.queue });
    if (answer.status >= 200 && answer.status < 300) {
      unnamedCounts.delete(mailbox.gate);
      call.inspect?.(answer);
      return answer;
    }
    throw refused(mailbox.gate, {
      status: answer.status,
      retryAfter: answer.headers.get("retry-after"),
      body: jsonOrNothing(answer.text),
      what: call.what,
      queue: mailbox.queue,
      now: clock.now(),
    });
  }

  /** The error of a refusal, after it has closed the gate where it asks for a pause. */
  function refused(gate: Gate, refusal: Refusal): MailError {
    const error = refusalError(refusal);
    const { code, notBeforeAt = 0, serviceCode = String(refusal.status) } = error;
    if (code === "GRAPH_THROTTLED" && notBeforeAt <= refusal.now) {
      // Also a `Retry-After: 0` gets a pause of ours: repeated at once it would only count against the limits.
      const count = (unnamedCounts.get(gate) ?? 0) + 1;
      unnamedCounts.set(gate, count);
      return refused(gate, { ...refusal, retryAfter: String(backoffMs(clock, count, unnamedPause) / 1_000) });
    }
    gate.bar({ until: notBeforeAt, code: serviceCode });
    return error;
  }

  return {
    graphHost,
    clock,
    call: (mailbox, call) =>
      retrying(() => mailbox.gate.run(() => once(mailbox, call), { exclusive: call.exclusive ?? false, signal: call.signal }), {
        clock,
        signal: call.signal,
      }).catch((error: unknown) => {
        if (call.signal?.aborted) throw call.signal.reason;
        throw asMailError(error, "GRAPH_UNREACHABLE", `${call.what} of ${mailbox.queue} failed.`, { queue: mailbox.queue });
      }),
  };
}

function chain(http: Http): Middleware[] {
  const door: Middleware = {
    async execute(context) {
      const control = callOf(context);
      const { call, mailbox } = control;
      const { options } = context;
      context.response = unread;
      try {
        const url = isLink(call) ? call.target : String(context.request);
        const headers = { ...(options?.headers as Record<string, string>), Accept: "application/json" };
        const send = (token: string) =>
          mailbox.gate.whenOpen(() => {
            mailbox.counter.requests += 1;
            return http({
              method: call.method,
              url,
              headers: { ...headers, Authorization: `Bearer ${token}` },
              ...(typeof options?.body === "string" ? { body: options.body } : {}),
              signal: call.signal,
            });
          }, call.signal);
        const token = await mailbox.tokens.get({ signal: call.signal });
        control.answer = await send(token);
        if (control.answer.status === 401) control.answer = await send(await mailbox.tokens.get({ refused: token, signal: call.signal }));
      } catch (error) {
        control.failure = error;
      }
    },
  };
  return [door];
}

/** A link of Graph's own passes as it is; what is relative begins with a slash. */
function isLink({ target }: GraphCall): boolean {
  return !target.startsWith("/");
}

function callOf(context: Context): CallContext {
  const control = context.middlewareControl?.getMiddlewareOptions(CallContext as unknown as () => object);
  if (!(control instanceof CallContext)) throw new MailError("GRAPH_REFUSED", "A Graph call was made without its mailbox.");
  return control;
}

/** The body of a refusal, for its code alone; many are empty or HTML. */
export function jsonOrNothing(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}
