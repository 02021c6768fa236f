/**
 * One owning daemon per store. The owner keeps a record that it renews; the record of an owner that is provably dead,
 * or that has not renewed in time, is replaced.
 *
 * - held: the record is ours; a background timer renews it by compare-and-set.
 * - lost: another took the record, or a renewal did not end before it expired: `onLost` is called, once, and nothing
 *   is renewed any more. A store that refuses the renewal (a full disk) takes nothing from us: it is tried again, also
 *   past the expiry, until it is written or shows that another was quicker.
 * - released: by us; the record is deleted if it is still ours. `onLost` is not called from here on.
 *
 * Invariant: a record is only ever replaced under a check of the version that was judged. Ownership alone is no fence:
 * an owner that was frozen, or whose store refused, past its expiry still believes in it until its next renewal, so what
 * must not be written by a former owner is committed with an epoch check.
 */
import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { Clock } from "../base/clock.js";
import { asMailError, MailError } from "../base/errors.js";
import { isProvablyDead, type ProcessIdentity, thisProcess } from "./process-identity.js";
import type { Commit, Entry, Key, Store } from "./store.js";

/** Where the owner's record lies. */
export const ownerKey: Key = ["daemon", "owner"];

export interface OwnershipOptions {
  readonly clock: Clock;
  /** Who takes it. Default: this process. */
  readonly process?: ProcessIdentity | undefined;
  /** Called once when the store is no longer ours, with `LIFECYCLE_LOST_STORE`; whatever was begun under it must stop. Must not throw. */
  readonly onLost: (error: MailError) => void;
  /** Milliseconds after its last renewal until a record may be replaced. Default 10,000. */
  readonly expiryMs?: number;
  /** Milliseconds between renewals; less than half of `expiryMs`. Default 3,000. */
  readonly renewMs?: number;
}

export interface Ownership {
  /**
   * Looks whether the record is still ours, for what a former owner had better not begin.
   * @throws MailError `LIFECYCLE_LOST_STORE` when it is not, `STORE_UNAVAILABLE`
   */
  confirm(): Promise<void>;
  /**
   * Gives the store up: deletes the record if it is still ours. Called again it gives the same promise.
   * @throws MailError `STORE_UNAVAILABLE`; the record then expires by itself.
   */
  release(): Promise<void>;
}

const ownerRecord = z.object({
  ownerId: z.string(),
  host: z.string(),
  processId: z.number(),
  bootId: z.string().nullable(),
  pidNamespace: z.string().nullable(),
  startedAtTicks: z.string().nullable(),
  /** Epoch milliseconds; no more than a date can be. */
  expiresAt: z.number().max(8.64e15),
});

type OwnerRecord = z.infer<typeof ownerRecord>;

/**
 * Takes the store, which must be open.
 * @throws MailError `LIFECYCLE_STORE_IN_USE` while a live daemon owns it (`notBeforeAt` says when its record expires),
 * `STORE_RECORD_INVALID` for a record that cannot be read, `STORE_UNAVAILABLE`
 */
export async function takeOwnership(store: Store, options: OwnershipOptions): Promise<Ownership> {
  const { clock, process: given, expiryMs = 10_000, renewMs = 3_000 } = options;
  const self = given ?? (await thisProcess());
  const ownerId = randomUUID();
  for (;;) {
    const standing = await store.get(ownerKey);
    const refusal = standing && (await refusalOf(store, standing, self, clock));
    if (refusal) throw refusal;
    const record: OwnerRecord = { ...self, ownerId, expiresAt: clock.now() + expiryMs };
    const result = await store.commit({
      checks: [{ key: ownerKey, version: standing?.version ?? null }],
      puts: [{ key: ownerKey, value: record }],
    });
    // Otherwise another was quicker, and is judged in the next round.
    if (result.ok) return hold(store, record, result.version, { ...options, expiryMs, renewMs });
  }
}

/**
 * Why the store, which must be open, could not be taken now: `LIFECYCLE_STORE_IN_USE` while a live daemon owns it, this
 * process's own ones included. Nothing is written.
 * @throws MailError `STORE_RECORD_INVALID`, `STORE_UNAVAILABLE`
 */
export async function owningDaemon(store: Store, { clock }: Pick<OwnershipOptions, "clock">): Promise<MailError | undefined> {
  const standing = await store.get(ownerKey);
  return standing && refusalOf(store, standing, await thisProcess(), clock);
}

/** The owner of a store that several daemons share by turns; none of them alone is. */
const sharedOwner = "shared";
const noProcess: ProcessIdentity = { host: "", processId: 0, bootId: null, pidNamespace: null, startedAtTicks: null };

/**
 * Takes the store for one of several daemons that share it, or goes on having it: the record then keeps those out that
 * want it for themselves, until `expiryMs` after the last of such calls. `beside` is written in the same commit.
 * @throws MailError `LIFECYCLE_STORE_IN_USE` while a daemon has it for itself, `STORE_…`
 */
export async function shareOwnership(
  store: Store,
  { clock, expiryMs = 15_000 }: Pick<OwnershipOptions, "clock" | "expiryMs">,
  beside: NonNullable<Commit["puts"]> = [],
): Promise<void> {
  for (;;) {
    const standing = await store.get(ownerKey);
    const isShared = ownerRecord.safeParse(standing?.value).data?.ownerId === sharedOwner;
    const refusal = standing && !isShared ? await refusalOf(store, standing, await thisProcess(), clock) : undefined;
    if (refusal) throw refusal;
    const record: OwnerRecord = { ...noProcess, ownerId: sharedOwner, expiresAt: clock.now() + expiryMs };
    const checks = [{ key: ownerKey, version: standing?.version ?? null }];
    if ((await store.commit({ checks, puts: [{ key: ownerKey, value: record }, ...beside] })).ok) return;
  }
}

async function refusalOf(store: Store, { value }: Entry, self: ProcessIdentity, clock: Clock): Promise<MailError | undefined> {
  const parsed = ownerRecord.safeParse(value);
  if (!parsed.success) {
    throw new MailError(
      "STORE_RECORD_INVALID",
      `The record of the owner in ${store.name} cannot be read: it was not written by this package.`,
    );
  }
  const owner = parsed.data;
  if (owner.expiresAt <= clock.now() || (await isProvablyDead(owner, self))) return undefined;
  const isShared = owner.ownerId === sharedOwner;
  const holder = isShared ? "daemons that share its queues" : `the daemon in process ${owner.processId} on host ${owner.host}`;
  return new MailError(
    "LIFECYCLE_STORE_IN_USE",
    `The store ${store.name} belongs to ${holder}, whose record expires at ${new Date(owner.expiresAt).toISOString()} unless it is renewed.`,
    { notBeforeAt: owner.expiresAt, remedy: `Stop ${isShared ? "them" : "that daemon"} first, or give this one a store of its own.` },
  );
}

interface Loss {
  readonly why: string;
  readonly cause?: unknown;
}

const notRenewed = "its record could not be renewed before it expired";

type Term = Required<Pick<OwnershipOptions, "expiryMs" | "renewMs">> & OwnershipOptions;

function hold(store: Store, taken: OwnerRecord, takenVersion: number, { clock, onLost, expiryMs, renewMs }: Term): Ownership {
  /** The version under which the record is ours. */
  let version = takenVersion;
  let expiresAt = taken.expiresAt;
  /** True once lost or released. */
  let ended = false;
  const lossOf = ({ why, cause }: Loss) =>
    new MailError("LIFECYCLE_LOST_STORE", `This daemon no longer owns the store ${store.name}: ${why}.`, { cause });
  /** The renewal under way; resolved when there is none. */
  let renewing: Promise<void> = Promise.resolve();
  /** Cleared by `release`; started again after each renewal. Does not keep the process alive. */
  let stopTimer = startTimer();
  /** Empty until released. */
  let released: Promise<void> | undefined;

  function startTimer(): () => void {
    const leftMs = expiresAt - clock.now();
    const delayMs = leftMs > 0 ? Math.min(renewMs, leftMs) : renewMs;
    return clock.startTimer(() => (renewing = renew()), delayMs, { background: true });
  }

  async function renew(): Promise<void> {
    const lost = await renewOnce();
    if (ended) return;
    if (lost) lose(lost);
    else stopTimer = startTimer();
  }

  /** Why the store is lost, or nothing when it is still ours or may yet be renewed. */
  async function renewOnce(): Promise<Loss | undefined> {
    const renewedUntil = clock.now() + expiryMs;
    // A write that does not end in time is one that failed. After a freeze, or on a disk in trouble, that time is over
    // already: this is the last chance, with the patience of a whole term, since a busy disk may take seconds.
    const leftMs = expiresAt - clock.now();
    const stopWatching = clock.startTimer(() => lose({ why: notRenewed }), leftMs >= renewMs ? leftMs : expiryMs, { background: true });
    try {
      const result = await store.commit({
        checks: [{ key: ownerKey, version }],
        puts: [{ key: ownerKey, value: { ...taken, expiresAt: renewedUntil } }],
      });
      if (!result.ok) return { why: "another daemon has taken it" };
      version = result.version;
      expiresAt = renewedUntil;
      return undefined;
    } catch (cause) {
      const error = asMailError(cause, "STORE_UNAVAILABLE", `The store ${store.name} failed.`);
      return error.retryable ? undefined : { why: "its record can no longer be renewed", cause: error };
    } finally {
      stopWatching();
    }
  }

  function lose(loss: Loss): void {
    if (ended) return;
    ended = true;
    onLost(lossOf(loss));
  }

  async function release(): Promise<void> {
    const wasOurs = !ended;
    ended = true;
    stopTimer();
    // Once lost, it may be a renewal that never ends.
    if (wasOurs) await renewing;
    // When the check fails another has it, and there is nothing of ours to delete.
    if (wasOurs) await store.commit({ checks: [{ key: ownerKey, version }], deletes: [ownerKey] });
  }

  return {
    async confirm() {
      const standing = ownerRecord.safeParse((await store.get(ownerKey))?.value);
      if (ended || standing.data?.ownerId !== taken.ownerId) throw lossOf({ why: "another daemon has taken it, or it was given up" });
    },
    release() {
      released ??= release();
      return released;
    },
  };
}
