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
  /** Adds a listener and returns its remover. */
  on<Name extends keyof Events & string>(name: Name, listener: Listener<Events[Name]>): () => void;
  /** Like `on`, for the first event only. */
  once<Name extends keyof Events & string>(name: Name, listener: Listener<Events[Name]>): () => void;
  off<Name extends keyof Events & string>(name: Name, listener: Listener<Events[Name]>): void;
  emit<Name extends keyof Events & string>(name: Name, payload: Events[Name]): void;
  listenerCount(name: keyof Events & string): number;
}

type Guarded = (name: string, payload: unknown) => void;

export function createEmitter<Events extends EmitterEvents>(): Emitter<Events> {
  const inner = new EventEmitter<Record<string, Guarded>>();
  const guards = new WeakMap<Listener<never>, Guarded>();

  function emit(name: string, payload: unknown): void {
    inner.emit(name, name, payload);
  }

  function failed(event: string, error: unknown): void {
    // A failing reporter is not reported again: that would never end.
    if (event !== "listener:failed") emit("listener:failed", { event, error });
  }

  /** eventemitter3 stops at the first listener that throws, so what it calls never does. */
  function guarded(listener: Listener<never>): Guarded {
    const guard: Guarded = (name, payload) => {
      try {
        const result = listener(payload as never);
        if (result instanceof Promise) result.catch((error: unknown) => failed(name, error));
      } catch (error) {
        failed(name, error);
      }
    };
    const known = guards.get(listener) ?? guard;
    guards.set(listener, known);
    return known;
  }

  return {
    on(name, listener) {
      inner.on(name, guarded(listener));
      return () => void inner.off(name, guarded(listener));
    },
    once(name, listener) {
      inner.once(name, guarded(listener));
      return () => void inner.off(name, guarded(listener));
    },
    off: (name, listener) => void inner.off(name, guarded(listener)),
    emit,
    listenerCount: (name) => inner.listenerCount(name),
  };
}
