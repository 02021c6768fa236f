/**
 * What is done with each message: handed over when it may be, ended as the host said, told once. It is told what the
 * daemons do and what the host says, and never looks into a daemon.
 */
import type { DaemonEvents } from "../../src/daemon/events.js";
import type { Delivery, SettleResult } from "../../src/delivery/delivery.js";
import type { Account, Final, HandOver } from "./account.js";
import type { Chronicle } from "./chronicle.js";
import { handlerTimeoutMs, maxAttempts } from "./plan.js";

export interface HandOverOptions {
  readonly now: () => number;
  readonly accounts: ReadonlyMap<string, Account>;
  readonly chronicle: Chronicle;
  readonly maxInFlight: number;
}

export function createHandOvers({ now, accounts, chronicle: { violated, note }, maxInFlight }: HandOverOptions) {
  const shown = new Set<string>();
  const paused = new Set<string>();
  const frozen = new Set<string>();
  const hindered = new Set<string>();
  /** By process: when a stop cuts off what is under way. */
  const cutOffAt = new Map<string, number>();

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

  /** A write of its end was perhaps under way, and done without anybody being told. */
  function noteMayHaveEnded(account: Account, handOver: HandOver): void {
    const isLast = handOver.attempt === maxAttempts && failed(handOver);
    account.mayHaveFailedOnce = failed(handOver) && !isLast;
    if (handOver.verdict?.kind === "ack") account.maybeFinal = "settled";
    if (handOver.verdict?.kind === "reject" || isLast) account.maybeFinal = "quarantined";
  }

  function isCutOff(process: string): boolean {
    return now() >= (cutOffAt.get(process) ?? Number.POSITIVE_INFINITY);
  }

  return {
    shown: (ids: readonly string[]) => ids.forEach((id) => void shown.add(id)),

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
      if (result === "already" && !isCutOff(handOver.process) && (handOver.state === "open" || handOver.state === "lost"))
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
    /** It may not be able to renew its record in time. */
    hindered: (process: string) => void hindered.add(process),
    mayLose: (process: string) => frozen.has(process) || hindered.has(process),
    isCutOff,
    /** Whether the message ends as its plan says. */
    isPlannable: ({ handOvers }: Account) => !handOvers.some(({ process }) => frozen.has(process)),

    paused: (process: string, queue: string) => void paused.add(`${process} ${queue}`),
    resumed: (process: string, queue: string) => void paused.delete(`${process} ${queue}`),

    /** The process is told to stop: what the host says before `at` counts, the rest is cut off. */
    stopping: (process: string, at: number) => void cutOffAt.set(process, at),
    stopped(process: string): void {
      for (const { account, handOver } of openIn(process)) {
        const { kind, at } = handOver.verdict ?? { kind: "", at: Number.POSITIVE_INFINITY };
        // A store in trouble may not take it in time.
        if (at < cutOffAt.get(process)! && !hindered.has(process))
          violated(`${account.subject} was ${kind} before the stop's deadline, and nothing was told`);
        handOver.state = "cut";
        noteMayHaveEnded(account, handOver);
        note("cut off by a stop");
      }
    },
    /** The process is dead, or has lost the store to another: `mayHaveWritten` for one that died in the middle of a write. */
    lost(process: string, mayHaveWritten: boolean): void {
      for (const { account, handOver } of openIn(process)) {
        handOver.state = "lost";
        if (mayHaveWritten) noteMayHaveEnded(account, handOver);
      }
    },
  };
}
