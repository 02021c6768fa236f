/**
 * Judges a run by what is known of each mail and by the simulator's own log: the numbers per queue, and what went wrong.
 * Invariant: it believes only facts that both sides told (arrivals and marks by the mailboxes, deliveries by the handler);
 * each delivery after the first must be explained by a cut-off of its own. Knows no process and prints nothing.
 */

/** What is known of one mail. */
export interface MailFacts {
  readonly queue: string;
  readonly subject: string;
  /** Epoch milliseconds; absent when no mailbox ever had it. */
  readonly arrivedAt?: number;
  /** When the handler was given it, epoch milliseconds; empty when never. */
  readonly handedOverAt: readonly number[];
  readonly settled: boolean;
  /** Whether the mailbox shows it as read. */
  readonly marked: boolean;
  /** How often its process was cut off while it was in flight. */
  readonly cutOffs: number;
}

/** What the simulator's log says of one mailbox; see `QueueTraffic` of the simulator's process. */
export interface TrafficFacts {
  readonly queue: string;
  readonly requests: number;
  readonly mostAtOnce: number;
  readonly throttled: number;
  readonly early: number;
}

export interface Facts {
  readonly mails: readonly MailFacts[];
  readonly traffic: readonly TrafficFacts[];
  readonly entra: EntraFacts;
  /** How processes were cut off: those of one daemon are killed. Default `kill`. */
  readonly cutOffBy?: keyof typeof cutOffs;
}

/** Requests to Entra: all, and those of processes that found all tokens in the store; absent where there was none. */
export interface EntraFacts {
  readonly requests: number;
  readonly afterRestart?: number;
  readonly byWorkers?: number;
}

/** The numbers of a queue, or of all. */
export interface Row {
  readonly name: string;
  readonly arrived: number;
  /** Different mails that were handed over. */
  readonly delivered: number;
  readonly duplicates: number;
  readonly marked: number;
  readonly requests: number;
  /** Milliseconds from arrival to the first handing-over; absent without any. */
  readonly p50Ms?: number;
  readonly p95Ms?: number;
}

export interface Verdict {
  readonly rows: readonly Row[];
  readonly total: Row;
  /** What was found, a sentence each. */
  readonly findings: readonly string[];
  /** What went wrong, a sentence each; empty when all went well. */
  readonly complaints: readonly string[];
}

const widestGate = 4;
const cutOffs = {
  kill: { many: "kills", at: "a kill", when: "when the process was killed" },
  "kill or freeze": { many: "kills and freezes", at: "a kill or freeze", when: "when its worker was killed or frozen" },
};

export function judge({ mails, traffic, entra, cutOffBy = "kill" }: Facts): Verdict {
  const words = cutOffs[cutOffBy];
  const rows = traffic.map(({ queue, requests }) =>
    row(
      queue,
      mails.filter((mail) => mail.queue === queue),
      requests,
    ),
  );
  const total = row(
    "total",
    mails,
    rows.reduce((sum, { requests }) => sum + requests, 0),
  );
  const arrived = mails.filter(({ arrivedAt }) => arrivedAt !== undefined);
  const lost = arrived.filter(({ handedOverAt }) => handedOverAt.length === 0);
  const unexplained = mails.filter((mail) => unexplainedOf(mail) > 0);
  const mostAtOnce = Math.max(0, ...traffic.map((one) => one.mostAtOnce));
  const throttled = traffic.reduce((sum, one) => sum + one.throttled, 0);
  const early = traffic.reduce((sum, one) => sum + one.early, 0);

  const complaints = [
    ...(arrived.length === 0 ? ["No mail arrived, so nothing was shown."] : []),
    ...lost.map((mail) => `Lost, never handed over: ${named(mail)}`),
    ...unexplained.map(
      (mail) => `Handed over ${mail.handedOverAt.length} times, in flight at ${mail.cutOffs} ${words.many}: ${named(mail)}`,
    ),
    ...mails.filter(({ arrivedAt }) => arrivedAt === undefined).map((mail) => `Handed over, but in no mailbox: ${named(mail)}`),
    ...arrived.filter((mail) => mail.handedOverAt.length > 0 && !mail.settled).map((mail) => `Handed over, never settled: ${named(mail)}`),
    ...arrived.filter((mail) => mail.settled && !mail.marked).map((mail) => `Settled, not marked in the mailbox: ${named(mail)}`),
    ...traffic.filter((one) => one.mostAtOnce > widestGate).map((one) => `${one.queue} was asked by ${one.mostAtOnce} requests at once.`),
    ...traffic.filter((one) => one.early > 0).map((one) => `${one.queue} was asked ${one.early} times before a Retry-After had passed.`),
    ...(entra.afterRestart ? [`Entra was asked ${entra.afterRestart} times after the restart; the store held all tokens.`] : []),
    ...(entra.byWorkers ? [`Entra was asked ${entra.byWorkers} times by the workers; the store held all tokens.`] : []),
  ];
  const findings = [
    `Lost: ${lost.length} of ${arrived.length}. Settled and marked as read: ${arrived.filter((mail) => mail.settled && mail.marked).length}.`,
    `Duplicates: ${total.duplicates}${explained(
      total.duplicates,
      mails.reduce((sum, mail) => sum + unexplainedOf(mail), 0),
      words,
    )}.`,
    `More than four requests at once to a mailbox: ${mostAtOnce > widestGate ? `up to ${mostAtOnce}` : "never"}.`,
    `Requests before a Retry-After had passed: ${early} (answers 429: ${throttled}).`,
    `Requests to Entra: ${entra.requests}${entra.afterRestart === undefined ? "" : `, after the restart: ${entra.afterRestart}`}${entra.byWorkers === undefined ? "" : `, by the workers: ${entra.byWorkers}`}.`,
  ];
  return { rows, total, findings, complaints };
}

/** Deliveries after the first that no cut-off explains. */
function unexplainedOf({ handedOverAt, cutOffs }: MailFacts): number {
  return Math.max(0, handedOverAt.length - 1 - cutOffs);
}

function explained(duplicates: number, unexplained: number, { at, when }: (typeof cutOffs)["kill"]): string {
  if (unexplained > 0) return `, ${unexplained} of them not in flight at ${at}`;
  if (duplicates === 0) return "";
  return duplicates === 1 ? `, in flight ${when}` : `, each in flight ${when}`;
}

function row(name: string, mails: readonly MailFacts[], requests: number): Row {
  const waits = mails.flatMap(({ arrivedAt, handedOverAt: [first] }) =>
    arrivedAt === undefined || first === undefined ? [] : [first - arrivedAt],
  );
  const p50Ms = percentile(waits, 0.5);
  const p95Ms = percentile(waits, 0.95);
  return {
    name,
    arrived: mails.filter(({ arrivedAt }) => arrivedAt !== undefined).length,
    delivered: mails.filter(({ handedOverAt }) => handedOverAt.length > 0).length,
    duplicates: mails.reduce((sum, { handedOverAt }) => sum + Math.max(0, handedOverAt.length - 1), 0),
    marked: mails.filter(({ marked }) => marked).length,
    requests,
    ...(p50Ms === undefined ? {} : { p50Ms }),
    ...(p95Ms === undefined ? {} : { p95Ms }),
  };
}

/** Nearest rank: the smallest value that at least that share of all does not exceed. */
function percentile(values: readonly number[], share: number): number | undefined {
  return values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(values.length * share) - 1)];
}

function named({ queue, subject }: MailFacts): string {
  return `${queue} "${subject}"`;
}
