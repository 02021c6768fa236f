/**
 * Lays a fault over the work of a request: done or not done, answered or not, late or cut.
 * Invariant: the work runs at most once, and never when the fault says it must not. Knows no route.
 */
import type { Answer, Ask, ByteBody, Outcome } from "../exchange.js";
import type { Fault, Strike } from "./fault.js";

/** Gives the error answer that a fault asks for without a body of its own; undefined when it asks for none. */
export type ErrorAnswer = (fault: Fault) => Answer | undefined;

/** Runs the work of an ask under a strike. */
export async function intercept(
  ask: Ask,
  strike: Strike | undefined,
  work: () => Answer | Promise<Outcome>,
  errorAnswer: ErrorAnswer,
): Promise<Outcome> {
  if (!strike) return work();
  const outcome = await struck(strike.fault, work, errorAnswer);
  if (strike.delayMs > 0) await delay(strike.delayMs, ask);
  return outcome;
}

function delay(ms: number, ask: Ask): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(end, ms);
    // When nobody waits any more no timer is left behind.
    const stopListening = ask.onGone?.(end);
    function end(): void {
      clearTimeout(timer);
      stopListening?.();
      resolve();
    }
  });
}

async function struck(fault: Fault | undefined, work: () => Answer | Promise<Outcome>, errorAnswer: ErrorAnswer): Promise<Outcome> {
  if (!fault) return work();
  if (fault.dropSocket) {
    if (fault.dropSocket === "after") await work();
    return "dropped";
  }
  const error = errorAnswer(fault);
  if (error) {
    if (fault.effect === "after" && (await work()) === "dropped") return "dropped";
    return adorn(withBodyOf(fault, error), fault);
  }
  const answer = await work();
  return answer === "dropped" ? answer : adorn(withBodyOf(fault, answer), fault);
}

function withBodyOf({ body }: Fault, answer: Answer): Answer {
  if (body === undefined) return answer;
  return { ...answer, body: typeof body === "string" ? body : JSON.stringify(body) };
}

/** The plain error answer of a fault with a status. */
export function plainError(status: number, body: string): Answer {
  return { status, headers: { "content-type": "application/json" }, body };
}

function adorn(answer: Answer, fault: Fault): Answer {
  const headers: Record<string, string> = { ...answer.headers };
  for (const [name, value] of Object.entries(fault.headers ?? {})) headers[name.toLowerCase()] = value;
  if (fault.retryAfter !== undefined) headers["retry-after"] = String(fault.retryAfter);
  return { status: answer.status, headers, body: fault.truncate === undefined ? answer.body : cut(answer.body, fault.truncate) };
}

/** A text ends early as if that were all; bytes break off. */
function cut(body: string | ByteBody, kept: number): string | ByteBody {
  if (typeof body === "string") return body.slice(0, kept);
  return {
    length: body.length,
    *pieces() {
      let left = kept;
      const inner = body.pieces();
      for (let piece = inner.next(); !piece.done && left > 0; piece = inner.next()) {
        yield piece.value.subarray(0, left);
        left -= piece.value.length;
      }
      inner.return?.();
      throw new Error("The connection breaks here.");
    },
  };
}

/** What a Retry-After header asks for, in ms from now; undefined when it is absent or unreadable. */
export function retryAfterMs(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\s*\d+(\.\d+)?\s*$/.test(value)) return Math.round(Number(value) * 1000);
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
