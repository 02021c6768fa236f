/**
 * A process of the demo's own, with orders one way and news the other.
 * Invariant: a process counts as gone once all news it ever sent has been read, also when it was killed.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export interface Child<Order, News extends { readonly news: string }> {
  readonly pid: number;
  send(order: Order): void;
  /** The next news of that kind; with a limit, rejects after it. Stays open when the process ends before: that is a breakdown. */
  next<Kind extends News["news"]>(kind: Kind, withinMs?: number): Promise<Extract<News, { news: Kind }>>;
  /** SIGSTOP, SIGCONT, SIGTERM: does not wait for what becomes of it. */
  signal(name: NodeJS.Signals): void;
  /** Kill -9; resolves when the process is gone. */
  kill(): Promise<void>;
  /** It is to end by itself now; resolves when it is gone. Rejects when that takes longer. */
  dismiss(withinMs: number): Promise<void>;
}

export interface ChildOptions<News> {
  /** For people: "simulator". */
  readonly name: string;
  /** The program, by its path from this file, without its extension. */
  readonly program: string;
  /** Added to this process's own environment. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly onNews: (news: News) => void;
  /** A line that the process printed. */
  readonly onPrinted: (line: string) => void;
  /** It ended although nobody had asked for that. */
  readonly onBreakdown: (error: Error) => void;
}

/** Starts a process. */
export function startChild<Order, News extends { readonly news: string }>(options: ChildOptions<News>): Child<Order, News> {
  const { name, program, environment = {}, onNews, onPrinted, onBreakdown } = options;
  const child = fork(fileURLToPath(new URL(`${program}.js`, import.meta.url)), [], {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  /** Who waits for news of a kind; empty when nobody does. */
  const waiting = new Set<{ readonly kind: string; readonly resolve: (news: News) => void }>();
  let mayEnd = false;

  for (const stream of [child.stdout, child.stderr]) if (stream) createInterface(stream).on("line", onPrinted);
  child.on("message", (message) => {
    const news = message as News;
    onNews(news);
    for (const waiter of waiting) {
      if (waiter.kind !== news.news) continue;
      waiting.delete(waiter);
      waiter.resolve(news);
    }
  });
  // "close" means that what it printed was read, "disconnect" that its news were.
  const gone = Promise.all([once(child, "close"), once(child, "disconnect")]).then(() => {
    if (!mayEnd) onBreakdown(new Error(`The ${name} process ended unasked (${child.signalCode ?? `exit code ${child.exitCode}`}).`));
  });

  return {
    pid: child.pid ?? 0,
    send(order) {
      // Should it be gone, its breakdown tells.
      if (child.connected) child.send(order as object);
    },
    next(kind, withinMs) {
      const told = new Promise<Extract<News, { news: typeof kind }>>((resolve) => {
        waiting.add({ kind, resolve: (news) => resolve(news as Extract<News, { news: typeof kind }>) });
      });
      return withinMs === undefined ? told : inTime(told, withinMs, `The ${name} process did not tell "${kind}"`);
    },
    signal: (name) => void child.kill(name),
    kill() {
      mayEnd = true;
      child.kill("SIGKILL");
      return gone;
    },
    dismiss(withinMs) {
      mayEnd = true;
      return inTime(gone, withinMs, `The ${name} process did not end by itself`);
    },
  };
}

/** The same promise, or a rejection after `withinMs`; the timer goes with whichever comes first. */
async function inTime<T>(work: Promise<T>, withinMs: number, complaint: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${complaint} within ${withinMs / 1_000} s.`)), withinMs).unref();
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
