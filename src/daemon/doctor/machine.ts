/**
 * The links that lie on this machine: the vault's keys, the store and who owns it, and the clock.
 *
 * Invariant: nothing is written. That the store can be written is shown by a commit under a check that cannot hold.
 */
import type { Remedy } from "../../auth/remedy.js";
import type { Vault } from "../../auth/vault.js";
import type { Clock } from "../../base/clock.js";
import { sharedWait } from "../../base/shared-wait.js";
import { owningDaemon } from "../../state/ownership.js";
import type { Store } from "../../state/store.js";
import { ok, type Seen, wrong } from "./finding.js";

const clockRemedy: Pick<Remedy, "who" | "remedy" | "step"> = {
  who: "developer",
  step: "this-machine",
  remedy:
    "Let a time service set the clock of this machine (timedatectl set-ntp true; of a virtual machine or a container, that of its host). What the daemon is told to wait, and when tokens end, goes by it.",
};

export const storeRemedy: Remedy = {
  class: "application",
  cause: "the store cannot be used",
  who: "developer",
  step: "this-machine",
  remedy: "See whether the disk is full or failing, and whether this user may write there; the daemon goes on by itself once it can.",
};

/** Milliseconds that the clock may be off: tokens and certificates bear five minutes as a rule; a minute shows that nobody sets it. */
const mostSkewMs = 5 * 60_000;
const tolerableSkewMs = 60_000;
/** No key has it. */
const impossibleVersion = Number.MAX_SAFE_INTEGER;

export async function lookAtKeys(vault: Vault, signal: AbortSignal): Promise<Seen> {
  await sharedWait(vault.ready(), signal);
  return ok("There is a key that seals the tokens.");
}

/** The store must be open. */
export async function lookAtStore(store: Store): Promise<Seen> {
  await store.commit({ checks: [{ key: ["daemon", "probe"], version: impossibleVersion }] });
  return ok(`The store ${store.name} opens and takes writes.`);
}

export async function lookAtOwner(store: Store, { clock, isOurs }: { clock: Clock; isOurs: boolean }): Promise<Seen> {
  if (isOurs) return ok(`This daemon owns the store, in process ${process.pid}.`);
  const refusal = await owningDaemon(store, { clock });
  return ok(refusal ? `${refusal.message} This looks on beside it.` : "No daemon runs on the store.");
}

/** An answer of a server: when it was asked for, when it came, and the server's own time. All in epoch milliseconds. */
export interface ServerTime {
  readonly askedAt: number;
  readonly answeredAt: number;
  readonly date: number;
}

export function lookAtClock({ askedAt, answeredAt, date }: ServerTime): Seen {
  // The header has whole seconds, cut off.
  const skewMs = (askedAt + answeredAt) / 2 - (date + 500);
  const doubtMs = (answeredAt - askedAt) / 2 + 500;
  const offMs = Math.max(0, Math.abs(skewMs) - doubtMs);
  const told = `The clock of this machine is ${inWords(offMs)} ${skewMs > 0 ? "ahead of" : "behind"} Microsoft's.`;
  if (offMs > mostSkewMs) return wrong("failed", told, clockRemedy);
  return offMs > tolerableSkewMs ? wrong("warning", told, clockRemedy) : ok("The clock of this machine agrees with Microsoft's.");
}

function inWords(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 120 ? `${seconds} seconds` : `${Math.round(seconds / 60)} minutes`;
}
