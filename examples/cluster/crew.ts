/**
 * The three workers as processes, and what each has done, by its own log and by the ticket system.
 * Invariant: what it counts was told; it freezes and kills whom it is told to, and decides nothing.
 */
import type { Child } from "../demo/child.js";
import type { Logbook } from "../demo/logbook.js";
import type { Stage } from "../demo/stage.js";
import { seconds } from "../demo/text-line.js";

export interface Worker {
  readonly name: string;
  readonly pid: number;
  readonly state: "running" | "frozen" | "killed" | "stopped";
  readonly rounds: number;
  readonly deliveries: number;
  readonly inFlight: number;
  /** Queues whose turn it lost since it was frozen last. */
  readonly turnsLost: number;
  /** What was done to it; empty for nothing. */
  readonly story: readonly string[];
}

/** A line of a worker's log. */
export interface LogLine {
  readonly event?: string;
  readonly queue?: string;
  readonly id?: string;
  readonly level?: number;
  readonly msg?: string;
  /** An error code. */
  readonly code?: string;
}

export interface CrewOptions {
  readonly stage: Stage;
  readonly logbook: Logbook;
  readonly names: readonly string[];
  /** By a worker's name. */
  readonly environment: (name: string) => Readonly<Record<string, string>>;
  readonly onLog: (worker: string, line: LogLine) => void;
  /** What a worker printed and is no line of its log. */
  readonly onPrinted: (line: string) => void;
}

export interface Crew {
  readonly workers: readonly Worker[];
  /** All have their queues. Rejects after `withinMs`. */
  started(withinMs: number): Promise<void>;
  delivered(worker: string): void;
  /** SIGSTOP; gives the deliveries in flight there. */
  freeze(name: string): number;
  /** SIGCONT; gives how long it was frozen, milliseconds. */
  wake(name: string): number;
  /** SIGKILL; resolves with the deliveries in flight there. */
  kill(name: string): Promise<number>;
  /** SIGTERM to all that are left; resolves once they have drained and ended. Rejects after `withinMs`. */
  stop(withinMs: number): Promise<void>;
}

interface Member extends Worker {
  readonly child: Child<object, { readonly news: string }>;
  state: Worker["state"];
  rounds: number;
  deliveries: number;
  turnsLost: number;
  frozenAt: number;
  isStarted: boolean;
  readonly story: string[];
}

export function startCrew({ stage, logbook, names, environment, onLog, onPrinted }: CrewOptions): Crew {
  /** Who waits for all to have started; empty before `started`. */
  let look: () => void = () => undefined;
  const members = names.map((name): Member => {
    const child = stage.start<object, { readonly news: string }>({
      name,
      program: "../cluster/worker",
      environment: environment(name),
      onNews: () => undefined,
      onPrinted: (line) => read(name, line),
    });
    const counts = { rounds: 0, deliveries: 0, turnsLost: 0, frozenAt: 0 };
    return { name, pid: child.pid, child, state: "running", isStarted: false, story: [], ...counts, inFlight: 0 };
  });

  function memberOf(name: string): Member {
    const found = members.find((member) => member.name === name);
    if (!found) throw new Error(`There is no worker ${name}.`);
    return found;
  }

  function read(name: string, text: string): void {
    const line = parsed(text);
    if (!line) {
      onPrinted(`${name}: ${text}`);
      return;
    }
    const member = memberOf(name);
    const { event, queue = "", id = "" } = line;
    if (event === "daemon:started") member.isStarted = true;
    else if (event === "queue:polled") member.rounds += 1;
    else if (event === "message:settled") logbook.settled({ queue, id, by: name });
    else if (event === "message:marked") logbook.marked({ queue, id });
    else if (event === "queue:turn-lost") {
      member.turnsLost += 1;
      logbook.turnLost(queue, name);
    }
    onLog(name, line);
    look();
  }

  return {
    get workers() {
      return members.map((member) => ({ ...member, inFlight: logbook.inFlightCount(member.name) }));
    },
    async started(withinMs) {
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`Not all workers had started within ${withinMs / 1_000} s.`)), withinMs).unref();
        look = () => {
          if (!members.every(({ isStarted }) => isStarted)) return;
          clearTimeout(timer);
          resolve();
        };
        look();
      });
    },
    delivered(worker) {
      memberOf(worker).deliveries += 1;
    },
    freeze(name) {
      const member = memberOf(name);
      Object.assign(member, { state: "frozen", frozenAt: Date.now(), turnsLost: 0 });
      member.child.signal("SIGSTOP");
      return logbook.cutOff(name);
    },
    wake(name) {
      const member = memberOf(name);
      logbook.isBack(name, Date.now());
      member.state = "running";
      member.child.signal("SIGCONT");
      const frozenMs = Date.now() - member.frozenAt;
      member.story.push(`frozen for ${seconds(frozenMs)}, woke up`);
      return frozenMs;
    },
    async kill(name) {
      const member = memberOf(name);
      member.state = "killed";
      await member.child.kill();
      member.story.push("killed");
      return logbook.cutOff(name);
    },
    async stop(withinMs) {
      const left = members.filter(({ state }) => state === "running");
      for (const { child } of left) child.signal("SIGTERM");
      await Promise.all(left.map(({ child }) => child.dismiss(withinMs)));
      for (const member of left) member.state = "stopped";
    },
  };
}

/** `undefined` for what is no object of JSON. */
function parsed(text: string): LogLine | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
