/**
 * Asking for the token of a device code until the person has acted, at the server's pace and by our clock.
 * MSAL would poll by the process's timers, cannot be stopped, gives up at `slow_down` and goes on with a refused code
 * (msal-node 7.2, DeviceCodeClient.ts): it sees one request and its final answer.
 *
 * Invariants: never sooner than the server's interval, which `slow_down` lengthens by 5 s (RFC 8628 §3.5); an outage
 * costs a round, not the sign-in; the code's own end is the end.
 */
import { type Clock, sleep } from "../base/clock.js";
import { MailError } from "../base/errors.js";
import type { Http, HttpAnswer, HttpRequest } from "../base/http.js";
import { retryAfterAt } from "../base/retry-after.js";
import { entraJson } from "./entra-network.js";
import { oauthError, refusalOf } from "./entra-refusal.js";
import { remedyDetails } from "./remedies.js";

interface DeviceCode {
  readonly intervalMs: number;
  /** Epoch milliseconds. */
  readonly endsAt: number;
}

/** RFC 8628 §3.2, when the server names none. */
const defaultIntervalMs = 5_000;
const slowDownMs = 5_000;
/** Entra's own; also the longest believed. */
const longestLifeMs = 900_000;

export function pollingForDevice(http: Http, { host, clock }: { readonly host: string; readonly clock: Clock }): Http {
  /** Empty until a code was given. */
  let code: DeviceCode | undefined;

  async function begin(request: HttpRequest): Promise<HttpAnswer> {
    const answer = await http(request);
    const json = entraJson(answer.text);
    const { status, headers } = answer;
    if (status !== 200 || typeof json?.device_code !== "string" || typeof json.user_code !== "string") {
      throw refusalOf({ status, headers, json, askedAt: clock.now() }, { host, now: clock.now() });
    }
    code = {
      intervalMs: milliseconds(json.interval) ?? defaultIntervalMs,
      endsAt: clock.now() + codeLifeMs(json.expires_in),
    };
    return answer;
  }

  async function poll(request: HttpRequest, { intervalMs, endsAt }: DeviceCode): Promise<HttpAnswer> {
    let waitMs = intervalMs;
    for (let untilAt = 0; ; ) {
      const now = clock.now();
      await sleep(clock, Math.min(Math.max(waitMs, untilAt - now), endsAt - now), request.signal);
      if (clock.now() >= endsAt) throw uncodedTimeout();
      const answer = await outcome(http(request));
      if (!answer) continue;
      untilAt = retryAfterAt(answer.headers.get("retry-after"), clock.now(), answer.headers.get("date")) ?? 0;
      const error = oauthError(entraJson(answer.text));
      if (error === "slow_down") waitMs += slowDownMs;
      else if (error !== "authorization_pending" && answer.status < 500 && answer.status !== 429) return answer;
    }
  }

  return (request) => {
    if (new URL(request.url).pathname.endsWith("/devicecode")) return begin(request);
    return code ? poll(request, code) : http(request);
  };
}

function uncodedTimeout(): MailError {
  const remedy = {
    remedy: "Begin the sign-in again, and enter the new code within a quarter of an hour.",
    who: "user",
    step: "device-code",
  } as const;
  return new MailError("AUTH_TIMEOUT", "Nobody entered the device code in time, so it is void now.", remedyDetails(remedy));
}

/** Empty when the network failed in passing. */
async function outcome(answer: Promise<HttpAnswer>): Promise<HttpAnswer | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof MailError && error.retryable) return undefined;
    throw error;
  }
}

/** How long a code lives of which the server says so many seconds. */
export function codeLifeMs(seconds: unknown): number {
  return Math.min(milliseconds(seconds) ?? longestLifeMs, longestLifeMs);
}

function milliseconds(seconds: unknown): number | undefined {
  return typeof seconds === "number" && seconds > 0 ? seconds * 1000 : undefined;
}
