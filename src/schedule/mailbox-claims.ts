/**
 * Which queue of this process has which mailbox: two addresses of one mailbox would each ask as much of it as Graph allows
 * all of them together, and each hand over all of its mail.
 *
 * Invariant: a mailbox is named by its user's object id, and belongs to the first queue that turns to it until that is let go of.
 */
import { MailError } from "../base/errors.js";

export interface MailboxClaims {
  /** @throws MailError `SYNC_MAILBOX_TAKEN` when another queue has it, `STORE_…` */
  claim(owner: string, queue: string): Promise<void>;
  /** The queue is let go of. */
  release(queue: string): void;
  /** The queue is configured here no longer. @throws MailError `STORE_…` */
  leave(queue: string): Promise<void>;
}

export function createMailboxClaims(): MailboxClaims {
  /** Queue addresses by the object ids of their users, and the other way round. */
  const queues = new Map<string, string>();
  const owners = new Map<string, string>();

  function release(queue: string): void {
    const owner = owners.get(queue);
    owners.delete(queue);
    if (owner !== undefined) queues.delete(owner);
  }

  return {
    async claim(owner, queue) {
      const holder = queues.get(owner);
      if (holder === queue) return;
      if (holder !== undefined) throw takenMailbox(queue, holder);
      // The mailbox behind an address may have been made anew.
      release(queue);
      queues.set(owner, queue);
      owners.set(queue, owner);
    },
    release,
    leave: async (queue) => release(queue),
  };
}

export function takenMailbox(queue: string, holder: string): MailError {
  return new MailError("SYNC_MAILBOX_TAKEN", `${queue} is another address of the mailbox of ${holder}, which is a queue already.`, {
    queue,
    who: "developer",
    remedy: `Remove one of the two queues: the mail to both addresses comes to ${holder}. Until then ${queue} is not polled.`,
  });
}
