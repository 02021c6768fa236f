/** Brings a world to rest and says what of the promises was broken. */
import { MailError } from "../../src/base/errors.js";
import type { FinalState } from "../../src/delivery/ledger-record.js";
import type { Account } from "./account.js";
import { outcomeOf } from "./plan.js";
import type { SimulatedProcess } from "./process.js";
import type { Witness } from "./witness.js";
import { folders, queues, ticket, type World } from "./world.js";

/** Longer than anything takes: fifteen minutes for a message that is gone, back-offs of ten. */
const restWithinMs = 4 * 3_600_000;
const pollWithinMs = 15 * 60_000;

/** Troubles end, all falls to rest, and everything is checked. */
export async function settleAll(world: World): Promise<void> {
  const { sim, disk, witness } = world;
  sim.faults.clear();
  disk.trouble.full = 0;
  world.disarm();
  await world.start();
  const process = world.running()!;
  for (const queue of queues) {
    witness.resumed(process.name, queue);
    await world.drive(process, process.daemon.resume(queue), 1_000);
  }
  do {
    await restOf(world);
    for (const queue of queues) await roundOf(world, process, queue);
  } while (await isBusy(world));
  await world.stop(30_000);
  for (const queue of queues) await checkQueue(world, queue);
  checkTraffic(world);
  await checkDeposed(world);
}

/** A whole round, after whatever pause Graph had asked for. */
async function roundOf(world: World, process: SimulatedProcess, queue: string): Promise<void> {
  const until = world.now() + pollWithinMs;
  for (;;) {
    try {
      return await world.drive(process, process.daemon.pollNow(queue), pollWithinMs);
    } catch (error) {
      // A refusal of Graph's that may pass names its time.
      if (!(error instanceof MailError) || (!error.retryable && error.notBeforeAt === undefined) || world.now() > until) throw error;
      await world.pass(Math.max(1_000, (error.notBeforeAt ?? 0) - world.now()));
    }
  }
}

/** What the ledgers hold, not what the daemon says of itself. */
async function isBusy({ disk }: World): Promise<boolean> {
  for (const queue of queues) if ((await disk.openIds(queue)).length > 0) return true;
  return false;
}

async function restOf(world: World): Promise<void> {
  const until = world.now() + restWithinMs;
  while (await isBusy(world)) {
    if (world.now() > until) throw new Error(`never at rest: ${JSON.stringify(world.running()?.daemon.status())}`);
    await world.pass(1_000);
  }
}

async function checkQueue({ sim, disk, witness }: World, queue: string): Promise<void> {
  const finals = await disk.final(queue);
  const open = await disk.openIds(queue);
  if (open.length > 0) witness.violated(`${open.length} entries of ${queue} are still open`);
  for (const account of witness.accounts.values()) {
    if (account.queue !== queue) continue;
    const entry = finals.get(account.id);
    if (entry?.markError !== undefined) witness.violated(`${account.subject} was not marked: ${entry.markError}`);
    checkFinal(account, entry?.state, witness);
    const message = account.place && sim.mailbox(queue).message(account.id);
    if (!message) continue;
    if (entry?.state === "settled") {
      if (!message.isRead && !account.unreadByOthers) witness.violated(`${account.subject} is settled and unread`);
      const isTicketed = queue !== queues[0] || account.categorisedByOthers || message.categories.includes(ticket);
      if (!isTicketed) witness.violated(`${account.subject} is settled and has no category`);
    }
    const isAway = queue !== queues[0] || account.movedByOthers || message.folder.toLowerCase() === folders[2];
    if (entry?.state === "quarantined" && !isAway) witness.violated(`${account.subject} is quarantined and was not moved`);
  }
  for (const id of finals.keys()) if (!witness.accounts.has(id)) witness.violated(`the ledger of ${queue} knows ${id}, which never was`);
}

function checkFinal(account: Account, state: FinalState | undefined, { violated, isPlannable }: Witness): void {
  const { subject, final = account.maybeFinal, plan } = account;
  const isKnown = state === "settled" || state === "quarantined";
  if (account.final && state !== account.final) violated(`${subject} was told ${account.final} and is ${state ?? "unknown"} to the ledger`);
  else if (isKnown && state !== final) violated(`${subject} is ${state} to the ledger and was never told so`);
  if (isKnown && isPlannable(account) && state !== outcomeOf(plan)) violated(`${subject} is ${state} and should be ${outcomeOf(plan)}`);
  if (state === "gone" && account.place) violated(`${subject} is gone to the ledger and lies in ${account.place.folder}`);
  if (state === "baseline" && !account.mayBeBaseline) violated(`${subject} became baseline`);
  if (account.mustArrive && !account.mayBeBaseline && !isKnown && state !== "gone")
    violated(`${subject} is lost: it was there during a whole round and is ${state ?? "unknown"} to the ledger`);
}

function checkTraffic({ sim, witness, processes }: World): void {
  // The server may still be busy with what one process gave up or another sends; each by itself is checked on its way.
  const overlap = processes.some(({ process }) => process.isDeposed || process.network.gaveUp);
  if (!overlap && sim.log.mostAtOnce() > 4) witness.violated(`${sim.log.mostAtOnce()} requests at once`);
  const refusals = sim.log.entries().filter(({ status }) => status === 429);
  for (const { number, mailbox = "", startedAt, path } of sim.log.knockedWhileBarred()) {
    const sender = processes.find(({ process }) => process.network.sent(number));
    const own = refusals.find(
      (one) =>
        one.number < number &&
        one.mailbox === mailbox &&
        (one.endedAt ?? 0) <= startedAt &&
        startedAt < (one.endedAt ?? 0) + (one.retryAfterMs ?? 0) &&
        sender?.process.network.heard(one.batch ?? one.number),
    );
    // A pause that died with the process before it was recorded, or that it did not wait to hear of, is nobody's knowledge.
    if (own || (sender?.barredUntil.get(mailbox) ?? 0) > startedAt) witness.violated(`${path} knocked at ${mailbox} while it was barred`);
  }
}

/** A process that lost the store ends by itself, with that as its reason, and leaves nothing behind. */
async function checkDeposed(world: World): Promise<void> {
  for (const { process } of world.processes) {
    if (!process.isDeposed || process.life.isDead) continue;
    const error = await world.drive(process, process.daemon.stopped, 60_000);
    if (error?.code !== "LIFECYCLE_LOST_STORE")
      world.witness.violated(`process ${process.name} lost the store and ended with ${error?.code ?? "no error"}`);
    if (process.life.clock.pendingCount > 0)
      world.witness.violated(`process ${process.name} lost the store and left ${process.life.clock.pendingCount} timers`);
  }
}
