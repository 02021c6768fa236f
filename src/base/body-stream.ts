/**
 * The body of an answer as it comes, for whoever reads it piece by piece.
 *
 * Invariants: nothing is read ahead: a piece is taken from the network when the reader asks for it, so its slowness is
 * the network's; at every moment one of two waits is watched, the network's for the next piece or the reader's asking,
 * so it always ends; whatever ends it, its connection is let go of and `ended` resolves. It must not know what the bytes are.
 */
import type { Clock } from "./clock.js";
import type { MailError } from "./errors.js";

/** Limits of who reads it. */
export interface StreamLimits {
  /** More bytes than this are an error. Default: no limit. */
  readonly maxBytes?: number | undefined;
  /** Milliseconds after which a reader who asks for nothing is given up. */
  readonly unreadMs: number;
  /** The error when there are more bytes, or nobody reads. */
  readonly failure: (why: "over" | "unread") => MailError;
}

export interface StreamedBody {
  readonly stream: ReadableStream<Uint8Array>;
  /** Resolves when it is read to its end, broken or cancelled; never rejects. */
  readonly ended: Promise<void>;
}

export interface BodyStreamOptions extends StreamLimits {
  readonly clock: Clock;
  /** Milliseconds that the network may take for one piece. */
  readonly idleMs: number;
  /** Bytes that were announced; empty where none were. */
  readonly announced: number | undefined;
  /** Ends it with the signal's reason. */
  readonly signal: AbortSignal | undefined;
  /** Lets go of the connection. */
  readonly letGo: () => void;
  /** The error when the network gives no more, or breaks off (then with its own error). */
  readonly broken: (why: "idle" | "short" | { readonly error: unknown }) => MailError;
}

/** Wraps what `fetch` gave as a body; `null` is an empty one. */
export function streamedBody(source: ReadableStream<Uint8Array> | null, options: BodyStreamOptions): StreamedBody {
  const { clock, idleMs, unreadMs, maxBytes = Number.POSITIVE_INFINITY, announced, signal, letGo, broken, failure } = options;
  const reader = (source ?? emptyBody()).getReader();
  let count = 0;
  let isOver = false;
  /** Stops the watch of whichever wait is under way. */
  let stopWatch: () => void = () => undefined;
  let tellEnd: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    tellEnd = resolve;
  });
  let onAbort: () => void = () => undefined;

  function finish(): boolean {
    if (isOver) return false;
    isOver = true;
    stopWatch();
    signal?.removeEventListener("abort", onAbort);
    tellEnd();
    return true;
  }

  function drop(reason: unknown): void {
    letGo();
    // Whatever comes of it, nobody waits for it any more.
    reader.cancel(reason).catch(() => undefined);
  }

  function breakOff(controller: ReadableStreamDefaultController<Uint8Array>, error: unknown): void {
    if (!finish()) return;
    controller.error(error);
    drop(error);
  }

  function watch(ms: number, onLapse: () => void): void {
    stopWatch();
    stopWatch = clock.startTimer(onLapse, ms);
  }

  const watchReader = (controller: ReadableStreamDefaultController<Uint8Array>) =>
    watch(unreadMs, () => breakOff(controller, failure("unread")));

  async function pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    watch(idleMs, () => breakOff(controller, broken("idle")));
    try {
      const { done, value } = await reader.read();
      if (isOver) return;
      if (done) {
        if (announced !== undefined && count < announced) return breakOff(controller, broken("short"));
        finish();
        return controller.close();
      }
      count += value.byteLength;
      if (count > maxBytes) return breakOff(controller, failure("over"));
      controller.enqueue(value);
      watchReader(controller);
    } catch (error) {
      breakOff(controller, broken({ error }));
    }
  }

  const stream = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        onAbort = () => breakOff(controller, signal?.reason);
        signal?.addEventListener("abort", onAbort, { once: true });
        watchReader(controller);
      },
      pull,
      cancel(reason) {
        if (finish()) drop(reason);
      },
    },
    { highWaterMark: 0 },
  );
  return { stream, ended };
}

function emptyBody(): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({ start: (controller) => controller.close() });
}
