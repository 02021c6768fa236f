/**
 * Whether a simulated process lives, and the fuse that ends it in the middle of its work. A dead process gets no answer
 * any more, from nobody: what it awaited stays open for ever, as after `kill -9`.
 */
import type { ProcessClock } from "../support/virtual-clock.js";

/** Ends the process at its next but `after`-th write to the store or request to the network. */
export interface Fuse {
  readonly at: "write" | "request";
  readonly after: number;
  /** Whether that last act still takes effect. */
  readonly carriedOut: boolean;
}

export interface Life {
  /** The daemon's own clock: what waits on it is the daemon's. */
  readonly clock: ProcessClock;
  /** The clock of what is around the daemon: its host, its network, its disk. */
  readonly around: ProcessClock;
  readonly isDead: boolean;

  arm(fuse: Fuse): void;
  disarm(): void;
  /** The process stands still; what falls due meanwhile comes late. */
  freeze(): void;
  thaw(): void;
  /** The process ends at once, without a word. */
  end(): void;
  /** Carries one act out, unless the process dies of it or is dead. */
  act<T>(kind: Fuse["at"], work: () => Promise<T>): Promise<T>;
  /** An answer that reaches the process only while it lives. */
  answer<T>(work: () => Promise<T>): Promise<T>;
}

export function createLife(clock: ProcessClock, around: ProcessClock): Life {
  let dead = false;
  /** Empty unless armed. */
  let fuse: { readonly kind: Fuse; left: number } | undefined;

  function end(): void {
    dead = true;
    fuse = undefined;
    clock.drop();
    around.drop();
  }

  function never(): Promise<never> {
    return new Promise<never>(() => undefined);
  }

  async function answer<T>(work: () => Promise<T>): Promise<T> {
    if (dead) return never();
    try {
      const result = await work();
      return dead ? await never() : result;
    } catch (error) {
      if (dead) return never();
      throw error;
    }
  }

  return {
    clock,
    around,
    freeze() {
      clock.hold();
      around.hold();
    },
    thaw() {
      clock.release();
      around.release();
    },
    get isDead() {
      return dead;
    },
    arm(kind) {
      fuse = { kind, left: kind.after };
    },
    disarm() {
      fuse = undefined;
    },
    end,
    answer,
    act(kind, work) {
      if (dead) return never();
      if (fuse?.kind.at === kind && fuse.left-- === 0) {
        // What it comes to, nobody learns.
        if (fuse.kind.carriedOut) work().catch(() => undefined);
        end();
        return never();
      }
      return answer(work);
    },
  };
}
