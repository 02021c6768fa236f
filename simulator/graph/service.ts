/**
 * The Graph side of the simulator: reads the route, writes the log, keeps the gate, lets faults strike, lets the route answer.
 * Invariant: every ask and every batch part is logged once; an ask takes at least one turn of the event loop while it holds its place
 * on the gate; a 429 is sent before any work is done. Knows no single route's work.
 */
import type { Directory } from "../directory.js";
import type { AccessGrant, TokenIssuer } from "../entra/token-issuer.js";
import { type Answer, type Ask, nextTurn, type Outcome } from "../exchange.js";
import type { Random } from "../random.js";
import type { Settings } from "../settings.js";
import type { FaultBook } from "../traffic/fault.js";
import { type Bar, type Gate, gateWidth, type Places } from "../traffic/gate.js";
import { intercept, retryAfterMs } from "../traffic/interception.js";
import type { Rate } from "../traffic/rate.js";
import type { LogWriter, OpenEntry } from "../traffic/request-log.js";
import { mailboxRoutes, type RouteName } from "../traffic/route-name.js";
import { grantOf, requireLiving } from "./access.js";
import { answerAttachment, answerAttachments } from "./attachment-work.js";
import { type BatchPlan, readBatch } from "./batch-plan.js";
import { runBatch } from "./batch-run.js";
import { type GraphWork, graphJson, type PageAstray } from "./call.js";
import { answerAttachmentValue, answerMime } from "./content-work.js";
import { spelledWalk } from "./delta-link.js";
import { answerDelta } from "./delta-work.js";
import { answerCreateFolder, answerFolder, answerFolders } from "./folder-work.js";
import { heldUntilSent } from "./held-places.js";
import { answerMessages } from "./message-list.js";
import { answerCopy, answerDelete, answerMessage, answerMove, answerPatch, answerPermanentDelete } from "./message-work.js";
import { askedPageSize } from "./page-size.js";
import { readPreferences } from "./prefer.js";
import { answerProfile } from "./profile.js";
import { GraphRefusal, type GraphTraces, graphFaultAnswer, refuseGraph, unknownRoute, usualGraphBody } from "./refusal.js";
import { type GraphRoute, readRoute } from "./route.js";

/** What the Graph side stands on. */
export interface GraphServiceWorld {
  readonly settings: Settings;
  readonly random: Random;
  readonly directory: Directory;
  readonly issuer: TokenIssuer;
  readonly faults: FaultBook;
  readonly gate: Gate;
  readonly rate: Rate;
  readonly log: LogWriter;
}

const works: Readonly<Partial<Record<RouteName, GraphWork>>> = {
  me: answerProfile,
  user: answerProfile,
  folders: answerFolders,
  folder: answerFolder,
  createFolder: answerCreateFolder,
  messages: answerMessages,
  message: answerMessage,
  delta: answerDelta,
  patch: answerPatch,
  move: answerMove,
  delete: answerDelete,
  copy: answerCopy,
  permanentDelete: answerPermanentDelete,
  attachments: answerAttachments,
  attachment: answerAttachment,
  attachmentValue: answerAttachmentValue,
  mime: answerMime,
};

/** One ask or part, opened: what is known before anything is decided. */
interface Opened {
  readonly ask: Ask;
  readonly route: GraphRoute;
  readonly grant: AccessGrant | undefined;
  readonly mailbox: string | undefined;
  /** Whose limits it counts against: of a batch the mailbox that all its parts are for, if that is one; else as `mailbox`. */
  readonly charged: string | undefined;
  readonly entry: OpenEntry;
  readonly traces: GraphTraces;
}

/** Statuses whose `Retry-After` holds for the whole mailbox (concepts/throttling; msgraph-sdk-design, RetryHandler). */
const barring: ReadonlySet<number> = new Set([429, 503, 504]);

/** Makes the Graph side: a function from ask to outcome. */
export function createGraphService(world: GraphServiceWorld): (ask: Ask) => Promise<Outcome> {
  const { settings, random, directory, issuer, faults, gate, rate, log } = world;
  const shapes = random.fork("challenges");

  return async function serve(ask) {
    const asked = open(ask);
    const plan = asked.route.name === "batch" ? tryReadBatch(ask) : undefined;
    const opened = plan && !(plan instanceof GraphRefusal) ? { ...asked, charged: mailboxOfAll(asked, plan) } : asked;
    const { entry, charged } = opened;
    // Four parts run at once (Graph throttling limits), so fewer than four take no more places than they are.
    const wanted = plan && !(plan instanceof GraphRefusal) && !plan.serial ? Math.min(gateWidth, plan.parts.length) : 1;
    const places = charged !== undefined && mailboxRoutes.has(opened.route.name) ? gate.take(charged, wanted) : undefined;
    if (places && charged !== undefined) log.noteAtOnce(charged, places.atOnce);
    const bar = charged === undefined ? undefined : barredBy(charged, opened, plan);
    if (bar && entry.startedAt > bar.sentAt + 100) log.noteKnock(entry, bar);
    await nextTurn();
    let outcome: Outcome = "dropped";
    try {
      outcome = dress(opened, plan ? await serveBatch(opened, plan, places, bar) : await serveOne(opened, places, bar));
      if (places && outcome !== "dropped") outcome = heldUntilSent(outcome, ask, places);
      return outcome;
    } finally {
      if (outcome === "dropped" || typeof outcome.body === "string") places?.release();
    }
  };

  /** What keeps a request out: a 429 of before, or its number in ten minutes. */
  function barredBy(mailbox: string, { entry, route }: Opened, plan: ReturnType<typeof tryReadBatch> | undefined): Bar | undefined {
    const parts = plan && !(plan instanceof GraphRefusal) ? plan.parts.length : 0;
    const over = mailboxRoutes.has(route.name) ? rate.count(mailbox, entry.startedAt, 1 + parts) : undefined;
    return gate.barred(mailbox, entry.startedAt) ?? over;
  }

  function mailboxOf(user: string | undefined, grant: AccessGrant | undefined): string | undefined {
    return user === undefined ? grant?.account.address : (directory.find(user)?.address ?? user.toLowerCase());
  }

  function mailboxOfAll({ grant, mailbox }: Opened, { parts }: BatchPlan): string | undefined {
    const [one, ...others] = new Set(parts.map(({ method, path }) => mailboxOf(readRoute(method, path.slice(5)).user, grant)));
    return others.length === 0 ? (one ?? mailbox) : mailbox;
  }

  function open(ask: Ask, batch?: Opened): Opened {
    const route = ask.path.startsWith("/v1.0/")
      ? readRoute(ask.method, ask.path.slice(5))
      : {
          name: "unknown" as const,
          user: undefined,
          folder: undefined,
          message: undefined,
          attachment: undefined,
          refusal: unknownRoute(`${ask.method} ${ask.path}`),
        };
    const grant = batch ? batch.grant : grantOf(ask.headers.authorization, issuer);
    const mailbox = mailboxOf(route.user, grant);
    const requestId = random.guid();
    const startedAt = settings.now();
    const entry = log.begin({
      route: route.name,
      method: ask.method,
      path: ask.path + (ask.query && `?${ask.query}`),
      startedAt,
      ...(mailbox !== undefined && { mailbox }),
      ...(batch && { batch: batch.entry.number }),
      ...(route.name === "delta" && { walk: spelledWalk(ask.query) }),
    });
    return {
      ask,
      route,
      grant,
      mailbox,
      charged: mailbox,
      entry,
      traces: { requestId, clientRequestId: ask.headers["client-request-id"] ?? requestId, now: startedAt },
    };
  }

  async function serveOne(opened: Opened, places: Places | undefined, bar: Bar | undefined): Promise<Outcome> {
    const { ask, route, mailbox, traces } = opened;
    if (bar) return close(opened, overLimit(opened, bar));
    if (places?.granted === 0) return close(opened, overLimit(opened));
    const pageSize = () => askedPageSize(ask, route.name);
    const strike = faults.strike({ route: route.name, mailbox, messageIds: messageIdsOf(opened), pageSize });
    return close(
      opened,
      await intercept(
        ask,
        strike,
        () => answer(opened, strike?.fault),
        (fault) => graphFaultAnswer(fault, traces),
      ),
    );
  }

  async function serveBatch(
    opened: Opened,
    plan: BatchPlan | GraphRefusal,
    places: Places | undefined,
    bar: Bar | undefined,
  ): Promise<Outcome> {
    const { ask, traces, mailbox, charged } = opened;
    let responses: string | "dropped" = "dropped";
    let longestWaitMs = 0;
    const work = async (): Promise<Outcome> => {
      try {
        if (plan instanceof GraphRefusal) throw plan;
        admit(opened);
      } catch (error) {
        return refuseOrThrow(error, traces);
      }
      responses = await runBatch(
        plan,
        bar ? 0 : (places?.granted ?? gateWidth),
        random,
        async (part, placed) => {
          const authorization = ask.headers.authorization;
          const partOpened = open(
            { ...part, host: ask.host, headers: { ...part.headers, authorization }, ...(ask.onGone && { onGone: ask.onGone }) },
            opened,
          );
          await nextTurn();
          const outcome = placed ? await serveOne(partOpened, undefined, undefined) : close(partOpened, overLimit(partOpened, bar));
          if (outcome !== "dropped" && barring.has(outcome.status))
            longestWaitMs = Math.max(longestWaitMs, partOpened.entry.retryAfterMs ?? 0);
          return outcome;
        },
        () => refuseGraph(new GraphRefusal(424, "FailedDependency", "The dependent request failed."), traces),
      );
      return responses === "dropped" ? responses : { status: 200, headers: { "content-type": "application/json" }, body: responses };
    };
    const strike = faults.strike({ route: "batch", mailbox, messageIds: [] });
    const outcome = await intercept(ask, strike, work, (fault) => graphFaultAnswer(fault, traces));
    // The client learns of a part's pause only now, and only from the whole answer, so only then does its bar come down.
    const told = outcome !== "dropped" && outcome.body === responses;
    if (told && longestWaitMs > 0 && charged !== undefined) gate.bar(charged, settings.now(), settings.now() + longestWaitMs);
    return close(opened, outcome);
  }

  function answer(opened: Opened, astray: PageAstray | undefined): Answer {
    const { ask, route, entry, traces } = opened;
    try {
      const grant = admit(opened);
      if (route.refusal) throw route.refusal;
      const work = works[route.name] as GraphWork;
      const preferences = readPreferences(ask.headers.prefer);
      return work({ ask, route, grant, preferences, entry, directory, settings, random, astray });
    } catch (error) {
      return refuseOrThrow(error, traces);
    }
  }

  function admit({ ask, grant, route }: Opened): AccessGrant {
    return requireLiving(ask, grant, { route: route.name, now: settings.now(), random: shapes });
  }

  function messageIdsOf({ route, mailbox }: Opened): string[] {
    if (route.message === undefined) return [];
    const known = mailbox === undefined ? undefined : directory.find(mailbox)?.mailbox?.message(route.message)?.immutableId;
    return known === undefined ? [route.message] : [route.message, known];
  }

  function overLimit({ traces }: Opened, bar?: Bar): Answer {
    // Fractional seconds are documented (throttling page: "Retry-After: 2.128").
    const seconds = bar ? Math.max(0.001, (bar.until - settings.now()) / 1000) : random.pick([1, 2, 1.128]);
    return {
      status: 429,
      headers: { "content-type": "application/json", "retry-after": String(seconds) },
      body: usualGraphBody(429, traces),
    };
  }

  /** Fills in the log entry; a refusal that names a time, outside a batch, bars the mailbox. */
  function close({ entry, charged }: Opened, outcome: Outcome): Outcome {
    const now = settings.now();
    entry.endedAt = now;
    if (outcome === "dropped") return outcome;
    entry.status = outcome.status;
    if (outcome.status >= 400 && typeof outcome.body === "string") entry.code = /"code":"([^"]*)"/.exec(outcome.body)?.[1] ?? "";
    const waitMs = retryAfterMs(outcome.headers["retry-after"], now);
    if (waitMs === undefined) return outcome;
    entry.retryAfterMs = waitMs;
    if (barring.has(outcome.status) && entry.batch === undefined && charged !== undefined) gate.bar(charged, now, now + waitMs);
    return outcome;
  }

  function dress({ traces }: Opened, outcome: Outcome): Outcome {
    if (outcome === "dropped") return outcome;
    const headers: Record<string, string> = {
      "cache-control": "private",
      date: dateHeader(settings.now()),
      "request-id": traces.requestId,
      "client-request-id": traces.clientRequestId,
      "odata-version": "4.0",
      "x-ms-ags-diagnostic": '{"ServerInfo":{"DataCenter":"Simulated","Slice":"E","Ring":"5","ScaleUnit":"000","RoleInstance":"SIM0"}}',
      ...outcome.headers,
    };
    if (outcome.body !== "") headers["content-type"] ??= graphJson;
    return { ...outcome, headers };
  }
}

function tryReadBatch(ask: Ask): BatchPlan | GraphRefusal {
  try {
    return readBatch(ask);
  } catch (error) {
    if (error instanceof GraphRefusal) return error;
    throw error;
  }
}

function refuseOrThrow(error: unknown, traces: GraphTraces): Answer {
  if (error instanceof GraphRefusal) return refuseGraph(error, traces);
  throw error;
}

function dateHeader(now: number): string {
  return new Date(now).toUTCString();
}
