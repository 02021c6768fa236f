/**
 * A request's places on the gate while its bytes are sent.
 * Invariant: they are given back once: when all is sent, when the reader ends it, or when nobody waits any more. Knows no route.
 * That Graph counts a request until its answer is sent is the harsher reading.
 */
import type { Answer, Ask } from "../exchange.js";
import type { Places } from "../traffic/gate.js";

/** The answer; one of bytes gives its places back at its end, one of text does not. */
export function heldUntilSent(answer: Answer, ask: Ask, places: Places): Answer {
  const { body } = answer;
  if (typeof body === "string") return answer;
  let isHeld = true;
  const end = () => {
    if (!isHeld) return;
    isHeld = false;
    stopListening?.();
    places.release();
  };
  const stopListening = ask.onGone?.(end);
  const pieces = () => {
    const inner = body.pieces();
    return {
      next() {
        try {
          const piece = inner.next();
          if (piece.done) end();
          return piece;
        } catch (error) {
          end();
          throw error;
        }
      },
      return() {
        inner.return?.();
        end();
        return { done: true as const, value: undefined };
      },
    };
  };
  return { ...answer, body: { length: body.length, pieces } };
}
