/**
 * Tells the run to whoever looks at it: what was put up, a line per ticket, what happens, the progress, the table.
 * Invariant: it decides nothing; after `close` it is silent.
 */
import type { DaemonNews } from "./daemon-process.js";
import type { Flags } from "./flags.js";
import type { Logbook, Ticket } from "./logbook.js";
import { pollOptions, queues, shortName } from "./queues.js";
import type { Screen } from "./screen.js";
import type { SimulatorNews } from "./simulator-process.js";
import { createTelling, type Telling, timeWidth } from "./telling.js";
import { column, rightColumn, seconds } from "./text-line.js";
import type { Verdict } from "./verdict.js";

export interface Narrator extends Pick<Telling, "failed" | "stopped" | "printed" | "close"> {
  title(): void;
  simulatorIsUp(pid: number, url: string): void;
  daemonIsUp(pid: number, folder: string): void;
  /** Mail begins to arrive: the clock and the progress start. */
  mailBegins(): void;
  ticket(news: Extract<DaemonNews, { news: "begun" }>, ticket: Ticket): void;
  /** Whatever else is worth a line. */
  heard(news: DaemonNews | SimulatorNews): void;
  killed(pid: number, inFlight: number): void;
  restarting(pid: number): void;
  restarted(downMs: number): void;
  /** No more mail arrives because somebody asked for the end. */
  ending(): void;
  verdict(verdict: Verdict): void;
}

/** A narrator for one run. */
export function createNarrator(screen: Screen, logbook: Logbook, flags: Flags): Narrator {
  const telling = createTelling(screen, { logbook, flags });
  const { say, happened, about, clock } = telling;

  return {
    ...telling,
    title() {
      say("m365-mail-daemon: five queues, and a kill -9 in the middle", "strong");
      say("");
    },
    simulatorIsUp(pid, url) {
      about("simulator", `process ${pid}, Entra and Graph on ${url}`);
      about("mail", `${flags.keep ? "until Ctrl-C" : `for ${flags.seconds} s`}, chosen by --seed ${flags.seed}`);
    },
    daemonIsUp(pid, folder) {
      const signedInBy = (method: string) => queues.filter((queue) => queue.method === method).map(({ address }) => shortName(address));
      about("daemon", `process ${pid}, LMDB in ${folder}`);
      about(
        "polling",
        `pollIntervalMs ${pollOptions.pollIntervalMs}, minPollIntervalMs ${pollOptions.minPollIntervalMs}; the rest at defaults`,
      );
      about("sign-in", `refresh token: ${signedInBy("refreshToken").join(", ")}; password: ${signedInBy("password").join(", ")}`);
    },
    mailBegins() {
      say("");
      say(ticketLine("time", "ticket", "queue", "from", "subject", "waited"), "strong");
      telling.begin();
    },
    ticket({ queue, from, subject }, { number, again, waitedMs }) {
      const name = `T-${String(number).padStart(4, "0")}`;
      const waited = again ? "again" : waitedMs === undefined ? "" : seconds(waitedMs);
      say(ticketLine(clock().trim(), name, shortName(queue), from, subject, waited), again ? "warning" : "plain");
    },
    heard(news) {
      if (news.news === "wave") happened(`-- a wave: ${news.count} mails reach ${shortName(news.queue)} at once`, "strong");
      else if (news.news === "throttled")
        happened(`-- Graph throttles ${shortName(news.queue)} (429), Retry-After ${seconds(news.waitMs)}: the daemon waits`, "warning");
      else if (news.news === "polled-again") happened(`-- ${shortName(news.queue)} asked again after ${seconds(news.afterMs)}`, "good");
      else if (news.news === "trouble") happened(`-- ${shortName(news.queue)}: ${news.reason}`, "bad");
    },
    killed(pid, inFlight) {
      happened(
        `-- kill -9 ${pid}: the daemon is dead, ${inFlight} ${inFlight === 1 ? "delivery was" : "deliveries were"} in flight`,
        "bad",
      );
    },
    restarting(pid) {
      happened(`-- started again as process ${pid}: same store, same keys, no sign-in`, "good");
    },
    restarted(downMs) {
      happened(`-- the daemon is back, ${seconds(downMs)} after the kill`, "good");
    },
    ending() {
      happened("-- no more mail; what has arrived is handled and marked", "strong");
    },
    verdict: (verdict) => telling.verdict(verdict),
  };
}

/** One line of a table of tickets, 80 characters wide. */
function ticketLine(time: string, ticket: string, queue: string, from: string, subject: string, waited: string): string {
  const texts = [column(ticket, 6), column(queue, 8), column(from, 14), column(subject, 28), rightColumn(waited, 7)];
  return `${rightColumn(time, timeWidth)}  ${texts.join("  ")}`;
}
