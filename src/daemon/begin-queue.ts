/** A queue begins: here for good, or by the turns that come to this process. */
import type { DaemonQueue } from "./daemon-queue.js";
import { ownQueue } from "./own-queue.js";
import { type RunningQueueOptions, runQueue } from "./running-queue.js";
import { type SharedQueueOptions, shareQueue } from "./shared-queue.js";

/** @throws MailError `STORE_…` */
export async function beginQueue(options: RunningQueueOptions & SharedQueueOptions): Promise<DaemonQueue> {
  return options.scheduler.isShared ? shareQueue(options) : ownQueue(await runQueue(options));
}
