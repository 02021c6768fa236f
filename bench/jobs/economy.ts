/**
 * Brings messages in and marks them, then looks until our own marks have come back and a round is empty; the requests
 * are counted by the simulator. `everything`: a full mailbox and the full select. `live`: a queue that went live by
 * default, so with the light select, and then got its mail at once.
 */
import type { Mailbox } from "../simulator-process.js";
import { benchDaemon, newKey, signInAll, type World, withFolder } from "./world.js";

export type EconomyKind = "everything" | "live";

/** Rounds after the last mark: the first brings our marks back, a second what was marked meanwhile, the last is empty. */
const looks = 3;

/** Resolves with the number of the request after which counting begins. */
export function economy(world: World, kind: EconomyKind, mailbox: Mailbox, messages: number): Promise<number> {
  return withFolder(async (folder) => {
    const { address } = mailbox;
    const { simulator } = world;
    const daemon = benchDaemon(
      world,
      { folder, key: newKey() },
      { queues: [{ address, ...(kind === "everything" ? { startFrom: "everything" } : {}) }], handler: () => undefined },
    );
    await signInAll(daemon, [mailbox]);
    let marked = 0;
    const allMarked = new Promise<void>((resolve) => {
      daemon.on("message:marked", () => {
        marked += 1;
        if (marked === messages) resolve();
      });
    });
    const polled = new Promise<void>((resolve) => daemon.once("queue:polled", () => resolve()));
    let after = await simulator.ask("lastRequest");
    await daemon.start();
    if (kind === "live") {
      await polled;
      after = await simulator.ask("lastRequest");
      await simulator.ask("deliver", address, messages);
      await daemon.pollNow(address);
    }
    await allMarked;
    for (let look = 0; look < looks; look += 1) await daemon.pollNow(address);
    await daemon.stop();
    return after;
  });
}
