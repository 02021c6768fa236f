/**
 * Feeds one queue's handler from its ledger.
 *
 * Invariants: an attempt is durable before the handler sees the message; at most `maxInFlight` are unsettled at once; a
 * message that waits, retries or is missing blocks no other (but its own conversation, once, for at most a minute); a
 * suspect of a crash is begun only in its turn (see `solitude.ts`), and one that crashed too often not at all.
 * The dispatcher must not know cursors and rounds: what it is given is already recorded.
 */
import { asMailError, type MailError } from "../base/errors.js";
import type { JsonObject } from "../graph/wire.js";
import { toMailMessage } from "../mailbox/message.js";
import { createAppetite } from "./appetite.js";
import { createBareMail, isBareItem } from "./bare-mail.js";
import { createDelays } from "./delays.js";
import { createDelivery, errorText, type RunningDelivery, type Verdict } from "./delivery.js";
import type { Dispatcher, DispatcherOptions } from "./dispatcher-contract.js";
import { createEnding, stopped } from "./ending.js";
import { createInFlight } from "./in-flight.js";
import type { OpenEntry } from "./ledger-record.js";
import { createLoader } from "./loader.js";
import { awaitNextAttempt } from "./next-attempt.js";
import { createSetAside } from "./set-aside.js";
import { createSettlements, unsettled } from "./settlements.js";
import type { Outstay, Turn } from "./solitude.js";
import { conversationOf, createWaitingRoom, type Loaded } from "./waiting-room.js";

export type { Dispatcher, DispatcherOptions } from "./dispatcher-contract.js";

/** Fewer loaded messages than the first let the next read begin; more than the second are enough for now. */
const [readAhead, keptAhead] = [20, 100];
/** Milliseconds after a stop's deadline for the store to take what was cut off. */
const graceMs = 1_000;

export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { queue, ledger, clock, maxInFlight } = options;
  const room = createWaitingRoom({ ...options, ...(options.readHeaders && { isBare: isBareItem }) });
  const presence = options.solitude.join(pump);
  const inFlight = createInFlight(presence);
  const ending = createEnding(options);
  const { untilEnded: durable } = ending;
  const bareMail = createBareMail({ ...options, room, later, signal: ending.closing, onChange: pump, onFailure: failed });
  const delays = createDelays(clock);
  const appetite = createAppetite({ clock, isHungry: () => room.loadedCount + room.asideCount <= keptAhead && room.roomFor > 0 });
  /** Nothing is handed over: a pause, or a stop past its deadline. */
  let paused = false;
  let stopping = false;
  /** `pump` comes in this turn of the event loop. */
  let pumpAsked = false;
  /** Entries that were added and are neither settled nor gone. */
  let openCount = 0;
  const settlements = createSettlements({ ...options, durable: ending.untilGivenUp });
  const aside = createSetAside({
    settlements,
    inFlight,
    room,
    meet: options.meet,
    hasMet: bareMail.knows,
    onDone() {
      openCount -= 1;
      pumpSoon();
    },
    onFailure: failed,
  });
  const loader = createLoader({
    ...options,
    room,
    later,
    signal: ending.ended,
    onClosed(_, copy) {
      openCount -= 1;
      if (copy) add([copy]);
    },
    onChange: pump,
    onFailure: failed,
  });

  function pump(): void {
    if (isIdle()) return;
    if (bareMail.hasSuspect() && inFlight.count < maxInFlight) presence.ask(takeTurn);
    if (presence.mayBegin) {
      void start(bareMail.take(maxInFlight - inFlight.count));
      while (startSome());
    }
    appetite.look();
    const isShort = room.unloadedCount > 0 && room.loadedCount < Math.max(maxInFlight, readAhead);
    if (room.roomFor > 0 && (isShort || room.unloadedSuspectCount > 0)) loader.start();
  }

  /** Whether others may begin in the place of some that do not. */
  function startSome(): boolean {
    const taken = room.takeLoaded(maxInFlight - inFlight.count, bareMail.roomFor);
    const whole = bareMail.whole(aside.withoutStorms(taken));
    void start(whole);
    return whole.length < taken.length;
  }

  /** Once for all settlements that became durable together: the attempts that follow them share a commit. */
  function pumpSoon(): void {
    if (pumpAsked) return;
    pumpAsked = true;
    queueMicrotask(() => {
      pumpAsked = false;
      pump();
    });
  }

  function isIdle(): boolean {
    return paused || stopping || ending.ended.aborted;
  }

  /** One suspect, if there is one that can be handed over now. */
  function takeTurn(turn: Turn): Outstay | undefined {
    if (isIdle() || inFlight.count >= maxInFlight) return undefined;
    const suspect = bareMail.takeSuspect();
    if (!suspect) return undefined;
    const starting = start([suspect], turn);
    return async () => {
      const [running] = await starting;
      const entry = ledger.open.get(suspect.entry.id);
      if (running && entry) await durable(async () => running.isSettling || ledger.note(entry, { alone: false })).catch(failed);
    };
  }

  /** Makes the attempts durable in one commit, then hands over. */
  async function start(some: readonly Loaded[], turn?: Turn): Promise<readonly RunningDelivery[]> {
    if (some.length === 0) return [];
    inFlight.reserve(some.length);
    const handed: RunningDelivery[] = [];
    let left = some;
    try {
      const starts = some.map((one) => ({ entry: one.entry, conversationId: conversationOf(one) }));
      const begun = await durable(() => ledger.begin(starts, turn && { alone: turn.alone }));
      for (const entry of begun) {
        if (paused || ending.ended.aborted) break;
        const [{ item }, ...others] = left as [Loaded, ...Loaded[]];
        left = others;
        handed.push(handOver(entry, item, turn));
      }
      if (left.length > 0) await takeBack(begun.slice(-left.length), left);
    } catch (error) {
      failed(error);
    } finally {
      inFlight.giveBack(left.length);
      if (left.length > 0) turn?.end();
      pump();
    }
    return handed;
  }

  /** A pause or a stop's deadline came while the attempts became durable: they do not count. */
  async function takeBack(begun: readonly OpenEntry[], some: readonly Loaded[]): Promise<void> {
    const released = await durable(() => Promise.all(begun.map((entry) => ledger.release(entry))));
    for (const [index, entry] of released.entries()) {
      room.add(entry, (some[index] as Loaded).item);
      room.free(entry.conversationId);
    }
  }

  function handOver(entry: OpenEntry, item: JsonObject, turn: Turn | undefined): RunningDelivery {
    const key = `${ledger.queueKey}/${entry.id}`;
    const about = { folder: options.folderName(entry.folder), receivedAt: entry.receivedAt, own: options.ownAddresses() };
    const running: RunningDelivery = createDelivery({
      queue,
      key,
      clock,
      attempt: entry.attempts,
      message: toMailMessage(entry.id, item, about, options.contentSource),
      handlerTimeoutMs: options.handlerTimeoutMs,
      abilities: options.abilities,
      settle: (verdict) =>
        settle(entry, item, verdict)
          .catch((error: unknown) => {
            failed(error);
            throw unsettled(queue, entry, error);
          })
          .finally(() => {
            inFlight.leave(running);
            turn?.end();
            pumpSoon();
          }),
    });
    inFlight.add(running);
    let work: Promise<unknown> | undefined;
    try {
      work = options.handOver(running.delivery);
    } catch (error) {
      work = Promise.reject(error as Error);
    }
    work
      ?.then(
        // After a loss it may have returned, or thrown, for its signal, which decides nothing.
        () => running.end({ kind: ending.ended.aborted && running.heedsSignal ? "cut-off" : "ack" }),
        (error: unknown) => running.end(ending.ended.aborted ? { kind: "cut-off" } : { kind: "retry", error: errorText(error) }),
      )
      .catch(() => undefined); // Told already, by the settlement itself.
    return running;
  }

  async function settle(entry: OpenEntry, item: JsonObject, verdict: Verdict): Promise<void> {
    const { conversationId } = entry;
    if (verdict.kind === "cut-off") ending.ended.throwIfAborted();
    const settled = await settlements.record(entry, verdict);
    if (settled === "cut-off" || ending.ended.aborted) return;
    if (settled === "over") {
      openCount -= 1;
      room.forget(entry.id);
    }
    const holds = settled !== "over" && options.conversationOrder === "hold" && entry.attempts === 1;
    if (settled !== "over") awaitNextAttempt(settled.again, { room, clock, later, item, held: holds ? conversationId : undefined });
    if (!holds) room.free(conversationId);
  }

  /** A copy waits for the end of its original, outside of the room. */
  function add(entries: readonly OpenEntry[], items?: ReadonlyMap<string, JsonObject>): void {
    const own = entries.filter(({ copyOf }) => copyOf === undefined);
    openCount += own.length;
    for (const entry of own) {
      if (settlements.isPoison(entry)) aside.poison(entry);
      else if (entry.state === "retrying" && (entry.notBeforeAt ?? 0) > clock.now()) awaitNextAttempt(entry, { room, clock, later });
      else if (options.doubts.askAt(entry.id) > clock.now()) later(options.doubts.askAt(entry.id) - clock.now(), () => room.add(entry));
      else room.add(entry, items?.get(entry.id));
    }
    pump();
  }

  function later(delayMs: number, step: () => void): void {
    delays.start(delayMs, () => {
      step();
      pump();
    });
  }

  function failed(error: unknown): void {
    if (!ending.ended.aborted) options.onFailure(asMailError(error, "STORE_UNAVAILABLE", `The ledger of ${queue} failed.`, { queue }));
  }

  function end(reason: MailError): void {
    ending.giveUp(reason);
    rest(reason);
  }

  function rest(reason: MailError): void {
    ending.end(reason);
    delays.end();
    room.close();
    presence.close();
  }

  return {
    add,
    refresh: (id) => room.refresh(id),
    untilHungry: (mostMs) => appetite.wait(mostMs),
    pause() {
      paused = true;
      presence.withdraw();
    },
    resume() {
      paused = false;
      pump();
    },
    async stop(deadlineMs) {
      stopping = true;
      ending.close(stopped(queue));
      presence.withdraw();
      let stopTimer = clock.startTimer(() => {
        paused = true;
        inFlight.cutOff(stopped(queue));
        stopTimer = clock.startTimer(() => end(stopped(queue)), graceMs);
      }, deadlineMs);
      await inFlight.empty();
      stopTimer();
      end(stopped(queue));
    },
    lose(reason) {
      rest(reason);
      inFlight.abort(reason);
    },
    decided: inFlight.decided,
    abandon(reason) {
      end(reason);
      // Nothing is written any more: their settlement fails, and that is what the host's own calls to ack or retry get.
      inFlight.cutOff(reason);
    },
    get inFlightCount() {
      return inFlight.count;
    },
    get waitingCount() {
      return openCount - inFlight.count;
    },
    get delayedCount() {
      return Math.min(delays.count, openCount - inFlight.count);
    },
    get firstInMs() {
      return openCount - inFlight.count > delays.count ? 0 : delays.firstInMs;
    },
  };
}
