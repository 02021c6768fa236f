/**
 * Drains full mailboxes once, by the daemon or by one of the baselines.
 * Measured is the time from the start (of the daemon, of the loop) until every message is marked and, for the daemon,
 * it has stopped; sign-ins come before. The loops work on as many mailboxes at once as the daemon begins with; it has no
 * limit of its own for those under way.
 */
import { join } from "node:path";
import { bareLoop } from "../baselines/bare-loop.js";
import { sdkLoop } from "../baselines/sdk-loop.js";
import { accessToken } from "../baselines/token.js";
import { inLanes } from "../lanes.js";
import type { Mailbox } from "../simulator-process.js";
import { type Figures, measured } from "./measured.js";
import { benchDaemon, newKey, signInAll, type World, withFolder } from "./world.js";

export const sides = ["daemon", "bare", "sdk"] as const;
export type Side = (typeof sides)[number];

export const maxInFlight = 64;
/** As many mailboxes as the daemon begins with at once at a start. */
const lanes = 64;

export interface Drained extends Figures {
  /** Messages handed over, each counted once; the bare loop hands nothing over and counts what it saw. */
  readonly handed: number;
  readonly doubled: number;
}

export function drain(world: World, side: Side, mailboxes: readonly Mailbox[], messages: number): Promise<Drained> {
  if (side === "daemon") return withFolder((folder) => byDaemon(world, folder, mailboxes, messages));
  return withFolder((folder) => byLoop(world, side, folder, mailboxes));
}

async function byDaemon(world: World, folder: string, mailboxes: readonly Mailbox[], messages: number): Promise<Drained> {
  const seen = new Set<string>();
  let handed = 0;
  const daemon = benchDaemon(
    world,
    { folder, key: newKey() },
    {
      queues: mailboxes.map(({ address }) => ({ address })),
      defaults: { startFrom: "everything", maxInFlight },
      handler({ message }) {
        handed += 1;
        seen.add(message.id);
      },
    },
  );
  await signInAll(daemon, mailboxes);
  let marked = 0;
  const allMarked = new Promise<void>((resolve) => {
    daemon.on("message:marked", () => {
      marked += 1;
      if (marked === messages) resolve();
    });
  });
  const figures = await measured(world, async () => {
    await daemon.start();
    await allMarked;
    await daemon.stop();
  });
  return { ...figures, handed: seen.size, doubled: handed - seen.size };
}

async function byLoop(world: World, side: "bare" | "sdk", folder: string, mailboxes: readonly Mailbox[]): Promise<Drained> {
  const { fetch, site } = world;
  const tokens = new Map<string, string>();
  await inLanes(mailboxes, 8, async ({ address, refreshToken }) => {
    tokens.set(address, await accessToken(fetch, { ...site, refreshToken }));
  });
  const seen = new Set<string>();
  let handed = 0;
  async function handle({ id }: { id: string }): Promise<void> {
    handed += 1;
    seen.add(id);
  }
  const figures = await measured(world, () =>
    inLanes(mailboxes, lanes, async ({ address }) => {
      const token = tokens.get(address) as string;
      if (side === "bare") {
        const found = await bareLoop(fetch, token);
        handed += found;
      } else await sdkLoop(fetch, token, { file: join(folder, `${address}.json`), handle });
    }),
  );
  return { ...figures, handed: side === "bare" ? handed : seen.size, doubled: side === "bare" ? 0 : handed - seen.size };
}
