/**
 * Graph calls: microsoft-graph-client with our own chain, so that every call takes its token, its place in the
 * mailbox's gate and its deadline, and opaque links pass unchanged (the client would take them apart and put them
 * together in another order).
 *
 * Invariants: a bearer token is set only on requests to the Graph host of this cloud (the door refuses the rest); a
 * refused token (a 401, or a 403 with a claims challenge) leads to one new token and one repetition, whatever else a
 * call is repeated for, and the second refusal to the sign-in; a pause that Graph asks for closes the gate before
 * anybody learns of it, and holds back what is sent after a wait for a token too.
 */
import { Client, type Context, type Middleware, ResponseType } from "@microsoft/microsoft-graph-client";
import { backoffMs } from "../base/backoff.js";
import type { StreamLimits } from "../base/body-stream.js";
import type { Clock } from "../base/clock.js";
import { asMailError, MailError } from "../base/errors.js";
import type { Http, HttpAnswer } from "../base/http.js";
import { challengedClaims } from "./challenge.js";
import type { Urgency } from "./fair-order.js";
import type { Gate } from "./gate.js";
import { type Refusal, refusalError } from "./refusal.js";
import { renewedToken } from "./renewal.js";
import { retrying } from "./retry.js";
import type { TokenSource } from "./token.js";
import { type JsonObject, jsonOrNothing } from "./wire.js";

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
  /** Takes all places of the gate that no stream holds. */
  readonly exclusive?: boolean;
  /**
   * Says what is sent once it is known how many requests may run at once inside it; takes the place of `body` and `parts`.
   */
  readonly fill?: (most: number) => Filling;
  /** Asks for the bytes of the answer as a stream, which keeps its place in the gate until it ends. */
  readonly stream?: StreamLimits;
  /** True of an error that a repetition cannot mend. */
  readonly isFinal?: (error: MailError) => boolean;
  /** Requests inside it, which count singly. Default 0. */
  readonly parts?: number;
  /** Who goes first where not all can. Default `"backlog"`. */
  readonly urgency?: Urgency | undefined;
  /** What it is, in a few words, for error messages: "a page of the inbox". */
  readonly what: string;
  readonly signal?: AbortSignal | undefined;
  /** True of an answer that is none of 2xx and yet what was asked for. Default: of none. */
  readonly isAnswer?: (answer: HttpAnswer) => boolean;
  /**
   * Looks at the answer, and at the token that brought it, while the call still has its place in the gate: a pause set
   * here holds for the very next request.
   */
  readonly inspect?: (answer: HttpAnswer, token: string) => void;
}

export interface Filling {
  readonly body: JsonObject;
  readonly parts: number;
}

export interface GraphClient {
  readonly graphHost: string;
  readonly clock: Clock;
  /**
   * One call, repeated a few times when the failure is passing; resolves with a 2xx answer.
   * @throws MailError `GRAPH_…`, `SYNC_…`, `AUTH_…`, or the reason of the caller's abort.
   */
  call(mailbox: MailboxAccess, call: GraphCall): Promise<HttpAnswer>;
  /** The error of a refusal, of a batch's part as well, after it has closed the gate where it asks for a pause. */
  refused(mailbox: MailboxAccess, refusal: Refusal): MailError;
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
  /** Empty unless the latest try succeeded. */
  success: { readonly answer: HttpAnswer; readonly token: string } | undefined;
  /** Empty unless the latest try failed. */
  failure: unknown;
  /** True once a token was refused and another asked for, in whichever try. */
  renewed = false;
  /** Requests inside what this try sends. */
  parts = 0;
  readonly mailbox: MailboxAccess;
  readonly call: GraphCall;
  constructor(mailbox: MailboxAccess, call: GraphCall) {
    this.mailbox = mailbox;
    this.call = call;
  }
}

/** An answer that is a stream keeps its places until that ends. */
const untilRead = ({ body }: HttpAnswer) => body?.ended;

/** The library only hands the response through: raw answers are never looked into. */
const unread = {} as Response;

export function createGraphClient({ http, graphHost, clock }: GraphClientOptions): GraphClient {
  const client = Client.initWithMiddleware({ baseUrl: `https://${graphHost}/`, middleware: [door(http, refused)] });
  /** Pauses that were asked for, of whichever mailbox. */
  let pauses = 0;

  async function once(context: CallContext, most: number): Promise<HttpAnswer> {
    const { mailbox, call } = context;
    context.success = undefined;
    context.failure = undefined;
    const request = client
      .api(isLink(call) ? "/" : call.target)
      .middlewareOptions([context])
      .responseType(ResponseType.RAW);
    if (call.prefer !== undefined) request.header("Prefer", call.prefer);
    const { body, parts } = call.fill?.(most) ?? { body: call.body, parts: call.parts ?? 0 };
    context.parts = parts;
    if (call.method === "GET") await request.get();
    else if (call.method === "PATCH") await request.patch(body);
    else await request.post(body);
    if (context.failure !== undefined) throw context.failure;
    if (!context.success)
      throw new MailError("GRAPH_UNREACHABLE", `No answer to ${call.what} of ${mailbox.queue}.`, { queue: mailbox.queue });
    const { answer, token } = context.success;
    const { gate } = mailbox;
    const [unnamed, before] = [gate.unnamedCount, pauses];
    call.inspect?.(answer, token);
    // What it holds may have been refused: counted, as the end of a pause that is none moves with the time.
    if (pauses === before) gate.answered();
    if (gate.unnamedCount === unnamed) gate.unnamedCount = 0;
    return answer;
  }

  /** The error of an answer, and the claims it asks for, after it has closed the gate where it asks for a pause. */
  function refused({ status, headers, text }: HttpAnswer, { mailbox, call }: CallContext): RefusedCall {
    const claims = challengedClaims(headers.get("www-authenticate"));
    const refusal = {
      status,
      retryAfter: headers.get("retry-after"),
      date: headers.get("date"),
      body: jsonOrNothing(text),
      claims,
      what: call.what,
      queue: mailbox.queue,
      now: clock.now(),
    };
    const before = pauses;
    const error = barring(mailbox.gate, refusal);
    if (pauses === before) mailbox.gate.answered();
    return { claims, error };
  }

  function barring(gate: Gate, refusal: Refusal): MailError {
    const error = refusalError(refusal);
    const { code, notBeforeAt = 0, serviceCode = String(refusal.status) } = error;
    if (code === "GRAPH_THROTTLED" && notBeforeAt <= refusal.now) {
      // Also a `Retry-After: 0` gets a pause of ours: repeated at once it would only count against the limits.
      gate.unnamedCount += 1;
      return barring(gate, { ...refusal, retryAfter: String(backoffMs(clock, gate.unnamedCount, unnamedPause) / 1_000) });
    }
    if (notBeforeAt > refusal.now) {
      pauses += 1;
      gate.bar({ until: notBeforeAt, code: serviceCode });
    }
    return error;
  }

  return {
    graphHost,
    clock,
    refused: ({ gate }, refusal) => barring(gate, refusal),
    call(mailbox, call) {
      const { exclusive = false, urgency, signal, isFinal } = call;
      const context = new CallContext(mailbox, call);
      const pass = { exclusive, streamed: call.stream !== undefined, urgency, signal };
      const attempt = () => mailbox.gate.run((most) => once(context, most), pass, untilRead);
      // An answer that came after the abort is heard for the pause it asks for, and not given to anybody.
      const heard = (answer: HttpAnswer) => {
        if (!call.stream) signal?.throwIfAborted();
        return answer;
      };
      const failed = (error: unknown) => {
        if (signal?.aborted) throw signal.reason;
        throw asMailError(error, "GRAPH_UNREACHABLE", `${call.what} of ${mailbox.queue} failed.`, { queue: mailbox.queue });
      };
      return retrying(attempt, { clock, signal, isFinal }).then(heard, failed);
    },
  };
}

interface RefusedCall {
  readonly claims: string | undefined;
  readonly error: MailError;
}

/** The one step of the library's chain: sends with a token, and once more with another when that one is refused. */
function door(http: Http, refused: (answer: HttpAnswer, context: CallContext) => RefusedCall): Middleware {
  async function exchange(control: CallContext, { request, options }: Context): Promise<CallContext["success"]> {
    const { call, mailbox } = control;
    const { signal } = call;
    const url = isLink(call) ? call.target : String(request);
    const headers = { ...(options?.headers as Record<string, string>), Accept: call.stream ? "*/*" : "application/json" };
    const body = typeof options?.body === "string" ? options.body : undefined;
    const send = (token: string) =>
      mailbox.gate.send(
        () => {
          mailbox.counter.requests += 1;
          return http({
            method: call.method,
            url,
            headers: { ...headers, Authorization: `Bearer ${token}` },
            ...(body === undefined ? {} : { body }),
            stream: call.stream,
            signal,
          });
        },
        {
          cost: 1 + control.parts,
          bytes: body === undefined ? 0 : Buffer.byteLength(body),
          streamed: call.stream !== undefined,
          urgency: call.urgency,
          signal,
        },
        untilRead,
      );

    for (let token = await mailbox.tokens.get({ signal }); ; ) {
      const answer = await send(token);
      if ((answer.status >= 200 && answer.status < 300) || call.isAnswer?.(answer)) return { answer, token };
      const { claims, error } = refused(answer, control);
      if (error.code !== "GRAPH_UNAUTHORIZED") throw error;
      const again = control.renewed;
      control.renewed = true;
      token = await renewedToken(mailbox.tokens, { token, claims, error }, { again, signal });
    }
  }

  return {
    async execute(context) {
      const control = callOf(context);
      context.response = unread;
      try {
        control.success = await exchange(control, context);
      } catch (error) {
        control.failure = error;
      }
    },
  };
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
