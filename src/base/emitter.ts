/**
 * Typed events. A listener that throws or rejects is reported as `listener:failed` and breaks neither the loop that
 * emitted nor the other listeners.
 */
import { EventEmitter } from "eventemitter3";

/** The slice of the event map that belongs to this floor. */
export interface EmitterEvents {
  /** A listener of the host threw or rejected. */
  "listener:failed": { readonly event: string; readonly error: unknown };
}

export type Listener<Payload> = (payload: Payload) => unknown;

export interface Emitter<Events extends EmitterEvents> {
  /** Adds a listener and returns the remover of this one registration. */
  on<Name extends keyof Events & string>(name: Name, listener: Listener<Events[Name]>): () => void;
  /** Like `on`, for the first event only. */
  once<Name extends keyof Events & string>(name: Name, listener: Listener<Events[Name]>): () => void;
  /** Removes the listener from that event, however often it was added. */
  off<Name extends keyof Events & string>(name: Name, listener: Listener<Events[Name]>): void;
  emit<Name extends keyof Events & string>(name: Name, payload: Events[Name]): void;
  listenerCount(name: keyof Events & string): number;
}

/** What eventemitter3 calls for one registration; it stops at the first listener that throws, so this never does. */
type Guard = ((name: string, payload: unknown) => void) & { readonly listener: unknown };

export function createEmitter<Events extends EmitterEvents>(): Emitter<Events> {
  const inner = new EventEmitter<Record<string, Guard>>();

  function emit(name: string, payload: unknown): void {
    inner.emit(name, name, payload);
  }

  function failed(event: string, error: unknown): void {
    // A failing reporter is not reported again: that would never end.
    if (event !== "listener:failed") emit("listener:failed", { event, error });
  }

  function add(name: string, listener: Listener<never>, how: "on" | "once"): () => void {
    const run = (event: string, payload: unknown) => {
      try {
        const result = listener(payload as never);
        if (isThenable(result)) Promise.resolve(result).catch((error: unknown) => failed(event, error));
      } catch (error) {
        failed(event, error);
      }
    };
    const guard: Guard = Object.assign(run, { listener });
    inner[how](name, guard);
    return () => void inner.off(name, guard);
  }

  return {
    on: (name, listener) => add(name, listener, "on"),
    once: (name, listener) => add(name, listener, "once"),
    off(name, listener) {
      for (const guard of inner.listeners(name) as Guard[]) if (guard.listener === listener) inner.off(name, guard);
    },
    emit,
    listenerCount: (name) => inner.listenerCount(name),
  };
}

/** Also a promise of another library or realm. */
function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === "function";
}
