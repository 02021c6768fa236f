/**
 * Tells the run to whoever looks at it: what was put up, what is done to the workers, what comes again, a live line for
 * each worker, the tables.
 * Invariant: it decides nothing; after `close` it is silent.
 */
import type { Flags } from "../demo/flags.js";
import type { Logbook } from "../demo/logbook.js";
import { shortName } from "../demo/queues.js";
import type { Screen } from "../demo/screen.js";
import { createTelling, type Telling, timeWidth } from "../demo/telling.js";
import { column, rightColumn, seconds } from "../demo/text-line.js";
import type { Verdict } from "../demo/verdict.js";
import type { Crew, LogLine, Worker } from "./crew.js";
import { lockMs, pollMs, queues } from "./queues.js";
import type { TicketRequest } from "./tickets.js";

export interface Narrator extends Pick<Telling, "failed" | "stopped" | "printed" | "close"> {
  title(): void;
  redisIsUp(about: string): void;
  simulatorIsUp(pid: number, url: string): void;
  signedIn(): void;
  workersAreUp(crew: Crew): void;
  /** Mail begins to arrive: the clock and the progress start. */
  mailBegins(): void;
  wave(queue: string, count: number): void;
  /** The handler of `worker` was given a mail that had been handed over before. */
  again(worker: string, ticket: TicketRequest): void;
  /** A line of a worker's log: what is worth it is told. */
  logged(worker: string, line: LogLine): void;
  frozen(worker: Worker, inFlight: number): void;
  awake(worker: Worker, frozenMs: number): void;
  killed(worker: Worker, inFlight: number): void;
  verdict(verdict: Verdict): void;
}

/** Milliseconds. */
const togetherMs = 300;
/** The level of a warning in a log of pino's. */
const warning = 40;

export function createNarrator(screen: Screen, logbook: Logbook, flags: Flags): Narrator {
  /** Empty until the workers are up. */
  let crew: Crew | undefined;
  /** By worker, the queues whose turns it lost a moment ago; empty otherwise. */
  const turnsLost = new Map<string, string[]>();
  const telling = createTelling(screen, { logbook, flags, below: () => (crew?.workers ?? []).map(workerLine) });
  const { say, happened, about, clock } = telling;

  /** Several that are lost together are told in one line. */
  function lost(worker: string, queue: string): void {
    const together = turnsLost.get(worker);
    if (together) return void together.push(shortName(queue));
    const names = [shortName(queue)];
    turnsLost.set(worker, names);
    const tell = () => {
      turnsLost.delete(worker);
      const turns = names.length === 1 ? "turn" : "turns";
      happened(`${worker} has lost the ${turns} of ${names.join(", ")}: it settles and marks nothing there`, "warning");
    };
    setTimeout(tell, togetherMs).unref();
  }

  function sayWorkers(): void {
    say(`${column("worker", 10)}${rightColumn("rounds", 9)}${rightColumn("deliveries", 12)}   what happened to it`, "strong");
    for (const worker of crew?.workers ?? []) say(workerRow(worker));
    say("");
  }

  return {
    ...telling,
    title() {
      say("m365-mail-daemon: three workers share nine queues; one is frozen, one is killed", "strong");
      say("");
    },
    redisIsUp: (text) => about("redis", text),
    simulatorIsUp(pid, url) {
      about("simulator", `process ${pid}, Entra and Graph on ${url}`);
      about("mail", `for ${flags.seconds} s, chosen by --seed ${flags.seed}`);
    },
    signedIn: () => about("sign-in", `${queues.length} accounts, once; their tokens are sealed in Redis, for all workers`),
    workersAreUp(all) {
      crew = all;
      for (const { name, pid } of all.workers) about(name, `process ${pid}`);
      about("turns", `lockMs ${lockMs}, pollIntervalMs ${pollMs}; the rest at defaults`);
    },
    mailBegins() {
      say("");
      telling.begin();
    },
    wave: (queue, count) => happened(`a wave: ${count} mails reach ${shortName(queue)} at once`, "strong"),
    again: (worker, { queue, subject }) =>
      say(`${clock()}  ${column(shortName(queue), 9)} ${column(subject, 30)}  again, by ${worker}`, "warning"),
    logged(worker, { event, level = 0, queue = "", msg = "", code }) {
      if (event === "queue:turn-lost") lost(worker, queue);
      else if (event === "queue:throttled") happened(`Graph throttles ${shortName(queue)} (429): nobody asks for a while`, "quiet");
      else if (level >= warning)
        happened(`${[`${worker}:`, shortName(queue), msg].filter(Boolean).join(" ")}${code === undefined ? "" : ` (${code})`}`, "warning");
    },
    frozen: ({ name, pid }, inFlight) => happened(`SIGSTOP ${pid}: ${name} is frozen, ${deliveries(inFlight)} in flight`, "bad"),
    awake: ({ name, pid }, frozenMs) => happened(`SIGCONT ${pid}: ${name} wakes up, ${seconds(frozenMs)} later`, "good"),
    killed: ({ name, pid }, inFlight) => happened(`kill -9 ${pid}: ${name} is dead, ${deliveries(inFlight)} in flight`, "bad"),
    verdict: (verdict) => telling.verdict(verdict, sayWorkers),
  };
}

function deliveries(count: number): string {
  return `${count} ${count === 1 ? "delivery" : "deliveries"}`;
}

/** Under the progress, while it runs. */
function workerLine({ name, state, rounds, deliveries, inFlight }: Worker): string {
  const counts = `rounds ${rightColumn(String(rounds), 4)}  deliveries ${rightColumn(String(deliveries), 4)}  in flight ${inFlight}`;
  return `${" ".repeat(timeWidth)}  ${column(name, 10)}${column(state, 10)}${counts}`;
}

/** Of the table at the end. */
function workerRow({ name, rounds, deliveries, story, turnsLost }: Worker): string {
  const lost = turnsLost === 0 ? [] : [`lost ${turnsLost} ${turnsLost === 1 ? "turn" : "turns"}`];
  const told = [...story, ...lost].join(", ");
  return `${column(name, 10)}${rightColumn(String(rounds), 9)}${rightColumn(String(deliveries), 12)}   ${told || "nothing"}`;
}
