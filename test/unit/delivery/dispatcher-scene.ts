/** A dispatcher over a ledger in memory, a mailbox that a test makes up, and a host whose work ends when the test says so. */

import { clouds } from "../../../src/base/cloud.js";
import { MailError } from "../../../src/base/errors.js";
import type { Delivery } from "../../../src/delivery/delivery.js";
import { createDispatcher, type DispatcherOptions } from "../../../src/delivery/dispatcher.js";
import { createDoubts } from "../../../src/delivery/doubts.js";
import type { DeliveryEvents } from "../../../src/delivery/events.js";
import type { Ledger, Sighting } from "../../../src/delivery/ledger.js";
import type { OpenEntry } from "../../../src/delivery/ledger-record.js";
import { createSolitude } from "../../../src/delivery/solitude.js";
import { nowhere } from "../../../src/mailbox/mail-content.js";
import type { Reading } from "../../../src/mailbox/reader.js";
import { freeContent } from "../../support/governance.js";
import { createDesk, cursor, item, queue, sighting } from "./set-up.js";

/** One call of the handler. */
export interface Handed {
  readonly id: string;
  readonly delivery: Delivery;
  readonly at: number;
  finish(): void;
  fail(error: unknown): void;
}

export type Told = { [Name in keyof DeliveryEvents]: { readonly name: Name } & DeliveryEvents[Name] }[keyof DeliveryEvents];

export async function createScene(options: Partial<DispatcherOptions> = {}) {
  const desk = await createDesk();
  const { clock, store } = desk;
  const scene = {
    ...desk,
    handed: [] as Handed[],
    told: [] as Told[],
    marks: [] as OpenEntry[],
    failures: [] as MailError[],
    reads: [] as (readonly string[])[],
    /** What the mailbox says of a message. */
    answer: (id: string): Reading => ({ found: true, item: item(id, conversationOf(id)) }),
    /** What the handler does at once; empty: it works until the test ends it. */
    work: undefined as ((handed: Handed) => void) | undefined,
    mostAtOnce: 0,
  };
  let working = 0;

  function handOver(delivery: Delivery): Promise<void> {
    working += 1;
    scene.mostAtOnce = Math.max(scene.mostAtOnce, working);
    return new Promise<void>((resolve, reject) => {
      const handed: Handed = { id: delivery.message.id, delivery, at: clock.now(), finish: resolve, fail: reject };
      scene.handed.push(handed);
      scene.work?.(handed);
    }).finally(() => {
      working -= 1;
    });
  }

  function dispatcherOver(ledger: Ledger) {
    return createDispatcher({
      queue,
      ledger,
      clock,
      solitude: createSolitude({ clock }),
      contentBudget: freeContent(),
      abilities: clouds.global,
      contentSource: nowhere,
      handOver,
      async read(ids, signal) {
        signal.throwIfAborted();
        scene.reads.push(ids);
        return ids.map((id) => scene.answer(id));
      },
      doubts: createDoubts({
        clock,
        lookAt: async () => ({ kind: "unknown" }),
        isListed: async () => ({ kind: "absent" }),
        isOpen: (id) => ledger.open.has(id),
      }),
      folderIdOf: async () => undefined,
      ownAddresses: () => [queue],
      meet: () => undefined,
      watchedFolders: () => [],
      folderName: (folder) => folder,
      emit: (name, payload) => void scene.told.push({ name, ...payload } as Told),
      onMark: (entry) => scene.marks.push(entry),
      onFailure(error) {
        scene.failures.push(error);
        dispatcher.abandon(error);
      },
      maxInFlight: 16,
      maxAttempts: 5,
      handlerTimeoutMs: 300_000,
      highWaterBytes: 1e9,
      maxMessageBytes: 0,
      conversationOrder: "hold",
      ifChangedElsewhere: {},
      afterAck: undefined,
      onQuarantine: undefined,
      ...options,
    });
  }

  const ledger = await desk.open();
  const dispatcher = dispatcherOver(ledger);
  let links = 0;
  return Object.assign(scene, {
    ledger,
    dispatcher,
    dispatcherOver,
    /** Records messages as a page would and hands them on, with their content if it is `full`. */
    async arrive(ids: readonly string[], { full = true, ...more }: { full?: boolean } & Partial<Sighting> = {}) {
      links += 1;
      const fresh = await ledger.record(
        ids.map((id, index) => sighting(id, { receivedAt: clock.now() - 60_000 + index, ...more })),
        cursor(`link ${links}`),
      );
      dispatcher.add(fresh, full ? new Map(ids.map((id) => [id, item(id, conversationOf(id))])) : undefined);
      await clock.advance(10);
    },
    /** The handler's calls for one message. */
    of: (id: string) => scene.handed.filter((handed) => handed.id === id),
    names: () => scene.told.map(({ name }) => name),
    stored: async () =>
      (await store.list({ prefix: [ledger.queueKey, "open"], limit: 1_000 })).map(({ value }) => value as never as OpenEntry),
  });
}

/** `a:1` is a message of the conversation `a`; `m1` has none. */
function conversationOf(id: string): { conversationId?: string } {
  const [conversationId, rest] = id.split(":");
  return rest === undefined ? {} : { conversationId: conversationId! };
}

export const many = (count: number) => Array.from({ length: count }, (_, index) => `m${index}`);

export const lost = new MailError("LIFECYCLE_LOST_STORE", "Another daemon has the store.");
