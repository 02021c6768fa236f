/** What the tests of this floor share: one queue's session over a store in memory, and a Graph that a test makes up. */

import { sleep } from "../../../src/base/clock.js";
import { clouds } from "../../../src/base/cloud.js";
import type { MailError } from "../../../src/base/errors.js";
import type { HttpAnswer, HttpRequest } from "../../../src/base/http.js";
import { type QueueOptions, queueSettings } from "../../../src/daemon/options.js";
import type { Delivery } from "../../../src/delivery/delivery.js";
import type { DeliveryEvents } from "../../../src/delivery/events.js";
import { createSolitude, type Presence } from "../../../src/delivery/solitude.js";
import { createGraphClient, type GraphClient } from "../../../src/graph/client.js";
import type { GateMemory } from "../../../src/graph/gate-memory.js";
import type { Governor } from "../../../src/graph/governor.js";
import type { ScheduleEvents } from "../../../src/schedule/events.js";
import { createMailboxClaims } from "../../../src/schedule/mailbox-claims.js";
import { createWalkPacer } from "../../../src/schedule/pacer.js";
import { openSession, type Session } from "../../../src/schedule/session.js";
import { runTurn, type TurnOptions } from "../../../src/schedule/turn.js";
import { memoryStore } from "../../../src/state/memory.js";
import { fixedTokens } from "../../support/fixed-tokens.js";
import { freeContent, wideGovernor } from "../../support/governance.js";
import { createManualClock, type ManualClock } from "../../support/manual-clock.js";
import { stepping } from "../../support/stepping.js";
import { type TroubledStore, troubledStore } from "../../support/troubled-store.js";

export const address = "Support@Contoso.com";
export const startAt = Date.parse("2026-03-01T08:00:00Z");

/** Where the walk of a folder begins. */
export const walk = (folder: string) => `me/mailFolders/${folder}/messages/delta`;

type Events = ScheduleEvents & DeliveryEvents;
export type Told = { [Name in keyof Events]: { readonly name: Name } & Events[Name] }[keyof Events];

/** A page of a round as Graph words it. */
export interface Page {
  readonly value: readonly object[];
  /** The link to go on with, or the one that ends the round. */
  readonly next?: string;
  readonly delta?: string;
  /** The server's clock; empty: it does not say. */
  readonly date?: string;
  /** It is the folder itself that was asked for, with so many items. */
  readonly total?: number;
}

/** A refusal of Graph. */
export interface No {
  readonly status: number;
  readonly code: string;
  readonly retryAfter?: string;
}

const linkTo = (name: string) => `https://graph.microsoft.com/v1.0/${name}`;

function answerWith(page: Page | No): HttpAnswer {
  if ("status" in page) {
    const headers = new Headers(page.retryAfter === undefined ? {} : { "retry-after": page.retryAfter });
    return { status: page.status, headers, text: JSON.stringify({ error: { code: page.code, message: "" } }) };
  }
  const { value, next, delta, date, total } = page;
  const links = { ...(next ? { "@odata.nextLink": linkTo(next) } : {}), ...(delta ? { "@odata.deltaLink": linkTo(delta) } : {}) };
  return {
    status: 200,
    headers: new Headers(date ? { date } : {}),
    text: JSON.stringify(total === undefined ? { value, ...links } : { id: "f", totalItemCount: total }),
  };
}

export interface Scene {
  readonly clock: ManualClock;
  readonly store: TroubledStore;
  readonly told: Told[];
  readonly failures: MailError[];
  readonly deliveries: Delivery[];
  /** What Graph was asked, without batches' parts. */
  readonly requests: { readonly name: string; readonly url: string; readonly prefer: string; readonly at: number }[];
  /** What Graph answers, by the name of the link; a walk of the inbox begins with `walk("inbox")`. */
  readonly pages: Map<string, Page | No>;
  /** Milliseconds until Graph answers; 0 until set. */
  answerMs: number;
  /** How many queues have a dispatcher. */
  dispatcherCount: number;
  /** A message by id, for batches; empty: there is none. */
  message: (id: string) => object | undefined;
  readonly client: GraphClient;
  readonly governor: Governor;
  readonly emit: (name: keyof Events, payload: Events[keyof Events]) => void;
  /** Takes the queue, as a start or a restart does; with what its gate knew, as the next turn does. */
  open(options?: Partial<QueueOptions>, gate?: GateMemory): Promise<Session>;
  of<Name extends Told["name"]>(name: Name): Extract<Told, { name: Name }>[];
}

export async function createScene(): Promise<Scene> {
  const clock = createManualClock(startAt);
  const governor = wideGovernor(clock);
  const store = troubledStore(memoryStore({ clock }));
  await store.open();
  const told: Told[] = [];

  async function http({ url, body, headers, signal }: HttpRequest): Promise<HttpAnswer> {
    signal?.throwIfAborted();
    const name = decodeURIComponent(url.replace(linkTo(""), "").split("?")[0]!);
    scene.requests.push({ name, url, prefer: headers.Prefer ?? "", at: clock.now() });
    if (scene.answerMs > 0) await sleep(clock, scene.answerMs, signal);
    if (name === "$batch") return { status: 200, headers: new Headers(), text: JSON.stringify(batchAnswer(body ?? "")) };
    const page = scene.pages.get(name);
    if (!page) throw new Error(`The test has no page ${name}.`);
    return answerWith(page);
  }

  function batchAnswer(body: string) {
    const { requests } = JSON.parse(body) as { requests: { id: string; url: string }[] };
    const responses = requests.map(({ id, url }) => {
      const found = scene.message(decodeURIComponent(url.split("/messages/")[1]!.split("?")[0]!));
      return found
        ? { id, status: 200, headers: {}, body: found }
        : { id, status: 404, headers: {}, body: { error: { code: "ErrorItemNotFound" } } };
    });
    return { responses };
  }

  const solitude = createSolitude({ clock });

  function joined(onOpen: () => void): Presence {
    scene.dispatcherCount += 1;
    const presence = solitude.join(onOpen);
    const { close } = presence;
    presence.close = () => {
      scene.dispatcherCount -= 1;
      close();
    };
    return presence;
  }

  const scene: Scene = {
    clock,
    store,
    told,
    failures: [],
    deliveries: [],
    requests: [],
    // Who looks for a folder that is not there is told of no other.
    pages: new Map([["me/mailFolders/msgfolderroot/childFolders", { status: 404, code: "ErrorItemNotFound" }]]),
    answerMs: 0,
    dispatcherCount: 0,
    message: (id) => ({ id, subject: id }),
    client: createGraphClient({ http, graphHost: "graph.microsoft.com", clock }),
    governor,
    emit: (name, payload) => void told.push({ name, ...payload } as Told),
    open: (options = {}, gate) =>
      openSession({
        settings: queueSettings({ address, ...options }, {}),
        memory: gate && { missing: new Map(), troubleSince: new Map(), flows: [], doubts: [], gate },
        store,
        clock,
        client: scene.client,
        tokens: { ...fixedTokens(), owner: "the user" },
        mailboxLimits: { width: 4 },
        hasDelta: true,
        // Its made-up mail has none.
        wantsHeaders: false,
        abilities: clouds.global,
        walkPacer: createWalkPacer(clock),
        claims: createMailboxClaims(),
        governor,
        contentBudget: freeContent(),
        solitude: { join: joined },
        handOver(delivery) {
          scene.deliveries.push(delivery);
          return undefined;
        },
        emit: scene.emit,
        onFailure: (error) => scene.failures.push(error),
      }),
    of: (name) => told.filter((one) => one.name === name) as never,
  };
  return scene;
}

/** Begins a turn, with a step of its sweep where one is given. */
export function beginTurn(scene: Scene, session: Session, more: Pick<TurnOptions, "sweepStep"> & { readonly signal?: AbortSignal } = {}) {
  const { store, client, clock, emit } = scene;
  return runTurn({ session, store, client, clock, emit, urgency: "backlog", signal: new AbortController().signal, ...more });
}

/** A turn over real time's stand-still; gives what it gave. */
export async function turnOf(scene: Scene, session: Session, signal: AbortSignal = new AbortController().signal) {
  const { clock } = scene;
  const work = beginTurn(scene, session, { signal });
  await stepping(work, () => clock.advance(1_000)).catch(() => undefined); // Whoever gets it hears of it.
  await clock.advance(200);
  return work;
}
