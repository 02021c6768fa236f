/**
 * The model: it is told what others do to the mail, which rounds were complete, and what the daemon did, and says what
 * of that breaks a promise. It decides nothing and never looks into the daemon.
 *
 * Moments are counted, not timed: a message was there during the whole of a round when it came to its folder before the
 * moment at which the round began and is still in it when the round is told complete.
 */
import type { DaemonEvents } from "../../src/daemon/events.js";
import type { Delivery, SettleResult } from "../../src/delivery/delivery.js";
import type { Account, Final, HandOver } from "./account.js";
import { handlerTimeoutMs, maxAttempts } from "./plan.js";

export interface WitnessOptions {
  readonly now: () => number;
  readonly maxInFlight: number;
  /** Watched folders by queue. */
  readonly watched: ReadonlyMap<string, readonly string[]>;
  /** Queues whose first walk delivers everything, so that nothing becomes baseline. */
  readonly everything: readonly string[];
}

/** What a script says of a new message. */
export type Arrival = Pick<Account, "id" | "queue" | "subject" | "conversationId" | "receivedAt" | "plan" | "isRead" | "isOldMail"> & {
  readonly folder: string;
};

export type Witness = ReturnType<typeof createWitness>;

export function createWitness({ now, maxInFlight, watched, everything }: WitnessOptions) {
  const accounts = new Map<string, Account>();
  const shown = new Set<string>();
  const violations: string[] = [];
  /** How often each thing worth having happened; a property that never sees them proves nothing. */
  const seen = new Map<string, number>();
  /** By queue: the moment at which the round under way began, perhaps in a turn that failed or a process that is dead. */
  const rounds = new Map<string, number>();
  /** Queues whose first walk is complete, or does not matter. */
  const live = new Set<string>(everything);
  const paused = new Set<string>();
  const frozen = new Set<string>();
  /** By process: when a stop cuts off what is under way. */
  const cutOffAt = new Map<string, number>();
  /** Everything that happened, for whoever looks into a failure. */
  const chronicle: { readonly at: number; readonly what: readonly unknown[] }[] = [];
  let moment = 0;

  function happened(...what: readonly unknown[]): void {
    chronicle.push({ at: now(), what });
  }

  function violated(what: string): void {
    violations.push(`${timeOf(now())} ${what}`);
    happened("BROKEN", what);
  }

  function note(what: string): void {
    seen.set(what, (seen.get(what) ?? 0) + 1);
  }

  function isWatched({ queue, place }: Account): boolean {
    return place !== undefined && (watched.get(queue)?.includes(place.folder) ?? false);
  }

  /** As long as the first walk may pass it, read mail in its way may become baseline. */
  function lookForBaseline(account: Account): void {
    if (!live.has(account.queue) && account.isRead && isWatched(account)) account.mayBeBaseline = true;
  }

  /** Others did something to it. */
  function touched(account: Account): void {
    moment += 1;
    if (!live.has(account.queue)) account.isOldMail = false;
    lookForBaseline(account);
  }

  function accountOf(id: string): Account | undefined {
    const account = accounts.get(id);
    if (!account) violated(`${id} is no message of this mailbox`);
    return account;
  }

  function openIn(process: string, queue?: string): { account: Account; handOver: HandOver }[] {
    return [...accounts.values()].flatMap((account) => {
      const handOver = account.handOvers.at(-1);
      const is = handOver?.state === "open" && handOver.process === process && (queue === undefined || account.queue === queue);
      return is ? [{ account, handOver }] : [];
    });
  }

  function checkHandOver(process: string, account: Account, { attempt, message, key }: Delivery): void {
    const name = `${account.subject} (attempt ${attempt}, process ${process})`;
    const last = account.handOvers.at(-1);
    if (!shown.has(account.id)) violated(`${name} was handed over and never shown in a round`);
    if (account.final) violated(`${name} was handed over although it is ${account.final}`);
    if (last?.state === "open" || last?.state === "final")
      violated(`${name} was handed over while its attempt ${last.attempt} is ${last.state}`);
    const lowest = account.failures + 1;
    if (attempt < lowest || attempt > lowest + Number(account.mayHaveFailedOnce)) violated(`${name} is not attempt ${lowest}`);
    if (account.isOldMail && account.mayBeBaseline) violated(`${name} was handed over and is baseline`);
    if (now() < account.notBeforeAt) violated(`${name} was handed over ${account.notBeforeAt - now()} ms too early`);
    if (message.subject !== account.subject || key !== `${account.queue}/${account.id}`)
      violated(`${name} was handed over as ${message.subject} ${key}`);
    if (paused.has(`${process} ${account.queue}`)) violated(`${name} was handed over by a paused queue`);
    const others = openIn(process, account.queue);
    if (others.length >= maxInFlight) violated(`${name} was handed over beside ${others.length} others`);
    const same = others.find((one) => one.account.conversationId === account.conversationId);
    if (same) violated(`${name} was handed over beside ${same.account.subject} of its conversation`);
  }

  function finish(account: Account, final: Final): void {
    if (account.final) violated(`${account.subject} is ${final} and was ${account.final}`);
    account.final = final;
    note(final);
  }

  /** The open hand-over that an event is about. */
  function current(process: string, id: string, attempt: number, what: string): { account: Account; handOver: HandOver } | undefined {
    const account = accountOf(id);
    if (!account) return undefined;
    const handOver = account.handOvers.at(-1);
    if (handOver?.state === "open" && handOver.process === process && handOver.attempt === attempt) return { account, handOver };
    violated(`${account.subject} was told ${what} at attempt ${attempt} of process ${process}, which is not under way`);
    return undefined;
  }

  function failed({ verdict, at }: HandOver): boolean {
    const tooLateAt = at + 2 * handlerTimeoutMs;
    return verdict?.kind === "retry" || (now() >= tooLateAt && (verdict?.at ?? tooLateAt) >= tooLateAt);
  }

  return {
    accounts: accounts as ReadonlyMap<string, Account>,
    /** Throws with every promise that was broken so far. */
    assertKept(): void {
      if (violations.length > 0) throw new Error(`Broken:\n${violations.join("\n")}`);
    },
    seen,
    violated,
    note,
    happened,
    /** The chronicle as lines of text. */
    story: () =>
      chronicle.map(
        ({ at, what }) => `${timeOf(at)} ${what.map((one) => (typeof one === "string" ? one : JSON.stringify(one))).join(" ")}`,
      ),

    arrived({ folder, ...arrival }: Arrival): void {
      moment += 1;
      const account: Account = {
        ...arrival,
        place: { folder, since: moment },
        mustArrive: false,
        mayBeBaseline: false,
        handOvers: [],
        failures: 0,
        mayHaveFailedOnce: false,
        notBeforeAt: 0,
        final: undefined,
        maybeFinal: undefined,
        unreadByOthers: false,
        movedByOthers: false,
        categorisedByOthers: false,
      };
      accounts.set(account.id, account);
      lookForBaseline(account);
    },
    moved(account: Account, folder: string): void {
      touched(account);
      account.movedByOthers = true;
      account.place = { folder, since: moment };
      lookForBaseline(account);
    },
    removed(account: Account): void {
      touched(account);
      account.place = undefined;
    },
    changed(account: Account, change: { isRead?: boolean; categories?: readonly string[] }): void {
      if (change.isRead !== undefined) account.isRead = change.isRead;
      if (change.isRead === false) account.unreadByOthers = true;
      if (change.categories) account.categorisedByOthers = true;
      touched(account);
    },

    shown: (ids: readonly string[]) => ids.forEach((id) => void shown.add(id)),

    /** A turn began: with it a round, unless one was broken off and is taken up where it stood. */
    turnBegan(queue: string): void {
      moment += 1;
      if (!rounds.has(queue)) rounds.set(queue, moment);
    },
    roundEnded(queue: string): void {
      const beganAt = rounds.get(queue);
      rounds.delete(queue);
      if (beganAt === undefined) return violated(`a round of ${queue} ended that never began`);
      live.add(queue);
      for (const account of accounts.values()) {
        if (account.queue === queue && isWatched(account) && account.place!.since < beganAt) account.mustArrive = true;
      }
    },

    handedOver(process: string, delivery: Delivery): { account: Account; handOver: HandOver } | undefined {
      const account = accountOf(delivery.message.id);
      if (!account) return undefined;
      checkHandOver(process, account, delivery);
      if (account.handOvers.at(-1)?.state === "lost") note("handed over again after a crash");
      const handOver: HandOver = { process, attempt: delivery.attempt, at: now(), verdict: undefined, state: "open" };
      account.handOvers.push(handOver);
      account.failures = delivery.attempt - 1;
      account.mayHaveFailedOnce = false;
      account.maybeFinal = undefined;
      return { account, handOver };
    },
    /** The host says what becomes of it; the first word counts. */
    said(handOver: HandOver, kind: "ack" | "retry" | "reject"): void {
      handOver.verdict ??= { kind, at: now() };
    },
    answered(account: Account, handOver: HandOver, result: SettleResult): void {
      if (result === "settled" && handOver.state === "open") violated(`${account.subject} was answered "settled" before it was told`);
      if (result === "settled" && handOver.state === "lost") violated(`${account.subject} was settled by a process that had lost it`);
      const isCutOff = now() >= (cutOffAt.get(handOver.process) ?? Number.POSITIVE_INFINITY);
      if (result === "already" && !isCutOff && (handOver.state === "open" || handOver.state === "lost"))
        violated(`${account.subject} was settled "already", and is not`);
    },

    told: {
      settled(process: string, { id, attempt }: DaemonEvents["message:settled"]): void {
        const { account, handOver } = current(process, id, attempt, "settled") ?? {};
        if (!account || !handOver) return;
        handOver.state = "final";
        if (handOver.verdict?.kind !== "ack") violated(`${account.subject} was told settled without an ack`);
        finish(account, "settled");
      },
      retrying(process: string, { id, attempt, nextAt }: DaemonEvents["message:retrying"]): void {
        const { account, handOver } = current(process, id, attempt, "retrying") ?? {};
        if (!account || !handOver) return;
        handOver.state = "retried";
        note(handOver.verdict ? "failed" : "timed out");
        if (!failed(handOver) || attempt >= maxAttempts)
          violated(`${account.subject} was told retrying at attempt ${attempt} without cause`);
        account.failures = attempt;
        account.notBeforeAt = nextAt;
      },
      quarantined(process: string, { id, attempts }: DaemonEvents["message:quarantined"]): void {
        const { account, handOver } = current(process, id, attempts, "quarantined") ?? {};
        if (!account || !handOver) return;
        handOver.state = "final";
        const last = attempts === maxAttempts && failed(handOver);
        if (handOver.verdict?.kind !== "reject" && !last) violated(`${account.subject} was told quarantined without cause`);
        finish(account, "quarantined");
      },
      gone({ id }: DaemonEvents["message:gone"]): void {
        const account = accountOf(id);
        if (!account) return;
        if (account.place) violated(`${account.subject} was told gone and is in ${account.place.folder}`);
        finish(account, "gone");
      },
      marked({ id, outcome }: DaemonEvents["message:marked"]): void {
        const account = accountOf(id);
        if (!account) return;
        if (account.final === undefined && account.maybeFinal === outcome) account.final = outcome;
        if (account.final !== outcome) violated(`${account.subject} was marked as ${outcome} and is ${account.final ?? "not done with"}`);
      },
    },

    /** Its timers come late from now on, and with them the ends that were planned. */
    frozen: (process: string) => void frozen.add(process),
    isFrozen: (process: string) => frozen.has(process),
    /** Whether the message ends as its plan says. */
    isPlannable: ({ handOvers }: Account) => !handOvers.some(({ process }) => frozen.has(process)),

    paused: (process: string, queue: string) => void paused.add(`${process} ${queue}`),
    resumed: (process: string, queue: string) => void paused.delete(`${process} ${queue}`),

    /** The process is told to stop: what the host says before `at` counts, the rest is cut off. */
    stopping: (process: string, at: number) => void cutOffAt.set(process, at),
    stopped(process: string): void {
      for (const { account, handOver } of openIn(process)) {
        const { kind, at } = handOver.verdict ?? { kind: "", at: Number.POSITIVE_INFINITY };
        if (at < cutOffAt.get(process)!) violated(`${account.subject} was ${kind} before the stop's deadline, and nothing was told`);
        handOver.state = "cut";
        note("cut off by a stop");
      }
    },
    /** The process is dead, or has lost the store to another: `mayHaveWritten` for one that died in the middle of a write. */
    lost(process: string, mayHaveWritten: boolean): void {
      for (const { account, handOver } of openIn(process)) {
        handOver.state = "lost";
        if (!mayHaveWritten) continue;
        const isLast = handOver.attempt === maxAttempts && failed(handOver);
        account.mayHaveFailedOnce = failed(handOver) && !isLast;
        if (handOver.verdict?.kind === "ack") account.maybeFinal = "settled";
        if (handOver.verdict?.kind === "reject" || isLast) account.maybeFinal = "quarantined";
      }
    },
  };
}

const timeOf = (at: number) => new Date(at).toISOString().slice(11, 23);
