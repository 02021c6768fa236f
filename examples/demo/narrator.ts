/**
 * Tells the run to whoever looks at it: what was put up, a line per ticket, what happens, the progress, the table.
 * Invariant: it decides nothing; after `close` it is silent.
 */
import type { DaemonNews } from "./daemon-process.js";
import type { Flags } from "./flags.js";
import type { Logbook, Ticket } from "./logbook.js";
import { pollOptions, queues, shortName } from "./queues.js";
import type { Screen, Tone } from "./screen.js";
import type { SimulatorNews } from "./simulator-process.js";
import { table } from "./table.js";
import { column, rightColumn, seconds, wrapped } from "./text-line.js";
import type { Verdict } from "./verdict.js";

export interface Narrator {
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
  failed(error: unknown): void;
  /** A signal ended the run. */
  stopped(): void;
  /** A process printed something, which it should not. */
  printed(line: string): void;
  close(): void;
}

const width = 80;
const timeWidth = 7;
const barWidth = 20;
const tickMs = 100;
const mostComplaints = 10;

/** A narrator for one run. */
export function createNarrator(screen: Screen, logbook: Logbook, flags: Flags): Narrator {
  /** When mail began to arrive; absent before. */
  let begunAt: number | undefined;
  /** Shows the progress; absent before mail arrives and after the end. Cleared by `close`, keeps no process alive. */
  let ticker: NodeJS.Timeout | undefined;
  let closed = false;

  const elapsedMs = () => (begunAt === undefined ? 0 : Date.now() - begunAt);
  const clock = () => rightColumn(`${(elapsedMs() / 1_000).toFixed(1)} s`, timeWidth);

  function say(text: string, tone?: Tone): void {
    if (!closed) screen.line(text, tone);
  }

  function happened(text: string, tone: Tone): void {
    for (const [index, line] of wrapped(text, width - timeWidth - 2, "").entries()) {
      say(`${index === 0 ? clock() : " ".repeat(timeWidth)}  ${line}`, tone);
    }
  }

  function about(title: string, text: string): void {
    for (const [index, line] of wrapped(text, width - 11, "").entries()) say(column(index === 0 ? title : "", 11) + line);
  }

  function progress(): void {
    const { arrived, handled, marked } = logbook.counts;
    const share = Math.min(1, elapsedMs() / (flags.seconds * 1_000));
    const filled = Math.round(share * barWidth);
    const bar = flags.keep ? "Ctrl-C ends it" : `${"#".repeat(filled)}${".".repeat(barWidth - filled)}`;
    screen.progress(`${clock()}  ${bar}  arrived ${arrived}  handled ${handled}  marked ${marked}`);
  }

  return {
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
      begunAt = Date.now();
      say("");
      say(ticketLine("time", "ticket", "queue", "from", "subject", "waited"), "strong");
      ticker = setInterval(progress, tickMs).unref();
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
    verdict({ rows, total, findings, complaints }) {
      const { title, body, total: totalLine, legend } = table(rows, total);
      screen.endProgress();
      say("");
      say(title, "strong");
      for (const line of body) say(line);
      say(totalLine, "strong");
      say(legend, "quiet");
      say("");
      for (const finding of findings) for (const line of wrapped(finding, width)) say(line);
      say("");
      if (complaints.length === 0) say("Nothing was lost, and every duplicate is explained.", "good");
      for (const complaint of complaints.slice(0, mostComplaints))
        for (const line of wrapped(`WRONG: ${complaint}`, width)) say(line, "bad");
      if (complaints.length > mostComplaints) say(`WRONG: and ${complaints.length - mostComplaints} more`, "bad");
    },
    failed(error) {
      screen.endProgress();
      const text = error instanceof Error ? error.message : String(error);
      for (const line of wrapped(`The demo failed: ${text}`, width)) say(line, "bad");
    },
    stopped() {
      screen.endProgress();
      say("Stopped before the end, so there is no verdict.", "warning");
    },
    printed(line) {
      for (const part of wrapped(line, width - 2)) say(`| ${part}`, "warning");
    },
    close() {
      clearInterval(ticker);
      screen.endProgress();
      closed = true;
    },
  };
}

/** One line of a table of tickets, 80 characters wide. */
function ticketLine(time: string, ticket: string, queue: string, from: string, subject: string, waited: string): string {
  const texts = [column(ticket, 6), column(queue, 8), column(from, 14), column(subject, 28), rightColumn(waited, 7)];
  return `${rightColumn(time, timeWidth)}  ${texts.join("  ")}`;
}
