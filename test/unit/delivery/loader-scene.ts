/** A loader that reads on by itself, over a room, a ledger and delays that are real, and a mailbox that a test makes up. */

import { setMaxListeners } from "node:events";
import { MailError } from "../../../src/base/errors.js";
import { createDelays } from "../../../src/delivery/delays.js";
import { createDoubts } from "../../../src/delivery/doubts.js";
import type { IfChangedElsewhere } from "../../../src/delivery/foreign.js";
import type { OpenEntry } from "../../../src/delivery/ledger-record.js";
import { createLoader } from "../../../src/delivery/loader.js";
import { createWaitingRoom } from "../../../src/delivery/waiting-room.js";
import type { Presence } from "../../../src/mailbox/presence.js";
import type { Look, Reading } from "../../../src/mailbox/reader.js";
import { freeContent } from "../../support/governance.js";
import type { Told } from "./dispatcher-scene.js";
import { createDesk, cursor, item, queue, sighting } from "./set-up.js";

export const notFound: Reading = { found: false, error: new MailError("GRAPH_NOT_FOUND", "Not there.") };
export const unreadable: Reading = { found: false, error: new MailError("GRAPH_BAD_RESPONSE", "No message.") };
export async function createScene(
  ids: readonly string[],
  {
    highWaterBytes = 1e9,
    conversationId,
    isRead,
    ifChangedElsewhere = {},
  }: { highWaterBytes?: number; conversationId?: string; isRead?: boolean; ifChangedElsewhere?: IfChangedElsewhere } = {},
) {
  const desk = await createDesk();
  const { clock } = desk;
  const found = (id: string): Reading => ({ found: true, item: item(id, conversationId === undefined ? {} : { conversationId }) });
  const scene = {
    ...desk,
    /** What the mailbox says of a message; throws for a whole read. */
    answer: found as (id: string) => Reading | Promise<Reading>,
    found,
    reads: [] as (readonly string[])[],
    readAt: [] as number[],
    /** Milliseconds from one read to the next. */
    pauses: () => scene.readAt.slice(1).map((at, index) => at - (scene.readAt[index] ?? 0)),
    readsAtOnce: 0,
    gone: [] as string[],
    closed: [] as string[],
    /** What a plain listing says of a message, and a look at one that cannot be read. */
    listing: (() => ({ kind: "absent" })) as (id: string) => Presence | Promise<Presence>,
    look: (() => ({ kind: "unknown" })) as (id: string) => Look | Promise<Look>,
    /** Ids of messages that were listed and looked at, in order. */
    listed: [] as string[],
    looked: [] as string[],
    folderIds: new Map<string, string>(),
    told: [] as Told[],
    failures: [] as unknown[],
    ended: new AbortController(),
  };
  setMaxListeners(0, scene.ended.signal); // As the dispatcher does.
  const ledger = await desk.open();
  const entries = await ledger.record(
    ids.map((id) => sighting(id, { conversationId, isRead: isRead === true })),
    cursor(),
  );
  const room = createWaitingRoom({ highWaterBytes, contentBudget: freeContent() });
  const delays = createDelays(clock);
  let under = 0;
  const loader = createLoader({
    queue,
    ledger,
    room,
    clock,
    signal: scene.ended.signal,
    later: (delayMs, step) =>
      delays.start(delayMs, () => {
        step();
        pump();
      }),
    async read(asked, signal) {
      scene.reads.push(asked);
      scene.readAt.push(clock.now());
      under += 1;
      scene.readsAtOnce = Math.max(scene.readsAtOnce, under);
      try {
        signal.throwIfAborted();
        return await Promise.all(asked.map((id) => scene.answer(id)));
      } finally {
        under -= 1;
      }
    },
    doubts: createDoubts({
      clock,
      async isListed({ id }) {
        scene.listed.push(id);
        return scene.listing(id);
      },
      async lookAt({ id }) {
        scene.looked.push(id);
        return scene.look(id);
      },
      isOpen: (id) => ledger.open.has(id),
    }),
    folderIdOf: async (name) => scene.folderIds.get(name),
    watchedFolders: () => [],
    ifChangedElsewhere,
    emit(name, payload) {
      scene.told.push({ name, ...payload } as Told);
      if (name === "message:gone") scene.gone.push(payload.id);
    },
    onClosed: ({ id }) => scene.closed.push(id),
    onChange: pump,
    onFailure: (error) => {
      scene.failures.push(error);
      scene.ended.abort(error);
    },
  });
  function pump(): void {
    if (room.unloadedCount > 0 && room.roomFor > 0) loader.start();
  }
  return Object.assign(scene, {
    ledger,
    room,
    delays,
    loader,
    pump,
    begin(some: readonly OpenEntry[] = entries) {
      for (const one of some) room.add(one);
      pump();
    },
  });
}

export const many = (count: number) => Array.from({ length: count }, (_, index) => `m${index}`);
