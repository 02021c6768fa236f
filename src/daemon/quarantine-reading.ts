/** The messages of a queue that rest, as the store has them, whoever works on the queue. */
import { readLedger } from "../delivery/ledger-reading.js";
import { createQuarantineReading, type QuarantineReading } from "../delivery/quarantine.js";
import { readFolderNames } from "../schedule/folder-record.js";
import type { QueueSettings } from "../schedule/session.js";
import type { Store } from "../state/store.js";

/** @throws MailError `STORE_…` */
export async function readQuarantine(store: Store, { address: queue, folders }: QueueSettings): Promise<QuarantineReading> {
  const ledger = await readLedger(store, queue);
  return createQuarantineReading({ store, ledger, folderName: await readFolderNames(store, { ...ledger, queue, folders }) });
}
