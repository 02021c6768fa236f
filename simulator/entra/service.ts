/**
 * The Entra side of the simulator: finds the route, writes the log, lets faults strike, answers.
 * Invariant: every ask is logged once, without its secrets, and takes at least one turn of the event loop. Knows nothing of Graph.
 */
import { cloudOfAuthority } from "../cloud.js";
import { type Answer, type Ask, nextTurn, type Outcome, textOf } from "../exchange.js";
import type { Random } from "../random.js";
import type { Fault, FaultBook } from "../traffic/fault.js";
import type { Gate } from "../traffic/gate.js";
import { intercept, plainError, retryAfterMs } from "../traffic/interception.js";
import type { LogWriter } from "../traffic/request-log.js";
import { answerAuthorize, readParameters, refuseAuthorize } from "./authorize-endpoint.js";
import { unknownAuthorizeParameter } from "./authorize-request.js";
import { answerDeviceCode } from "./device-code-endpoint.js";
import { answerDevicePage } from "./device-page.js";
import { answerInstance, answerOpenIdMetadata } from "./discovery.js";
import type { EntraWorld, TokenForm } from "./grant.js";
import { EntraRefusal, refuse, refuseAs, type Traces, usualErrorBody } from "./refusal.js";
import { type EntraRoute, findEntraRoute, privateQueries } from "./route.js";
import { answerToken, readTokenForm, requireTenant, unknownTokenParameter, whomTokenFormConcerns } from "./token-endpoint.js";

/** What the Entra side stands on. */
export interface EntraServiceWorld extends EntraWorld {
  readonly random: Random;
  readonly faults: FaultBook;
  readonly gate: Gate;
  readonly log: LogWriter;
}

/** Makes the Entra side: a function from ask to outcome. */
export function createEntraService(world: EntraServiceWorld): (ask: Ask) => Promise<Outcome> {
  const { settings, random, faults, gate, log } = world;

  return async function serve(ask) {
    const found = findEntraRoute(ask);
    const { route } = found;
    const form = route === "token" || route === "devicecode" ? readTokenForm(ask) : new Map<string, string>();
    const mailbox = whom(ask, found, form);
    const startedAt = settings.now();
    const query = privateQueries.has(route) ? "" : ask.query;
    const entry = log.begin({ route, method: ask.method, path: ask.path + (query && `?${query}`), startedAt, ...(mailbox && { mailbox }) });
    const barKey = `entra ${mailbox ?? ""}`;
    const bar = gate.barred(barKey, startedAt);
    if (bar && startedAt > bar.sentAt + 100) log.noteKnock(entry, bar);
    await nextTurn();

    const traces: Traces = {
      traceId: random.guid(),
      correlationId: ask.headers["client-request-id"] ?? random.guid(),
      now: settings.now(),
    };
    const usual = (status: number) => plainError(status, usualErrorBody(status, ask.host, traces));
    const outcome = bar
      ? adornedWith(usual(429), { "retry-after": String(Math.ceil((bar.until - startedAt) / 1000)) })
      : await intercept(
          ask,
          faults.strike({ route, mailbox, messageIds: [] }),
          () => work(ask, found, form, traces),
          (fault) => refused(fault, ask, found, traces) ?? (fault.status === undefined ? undefined : usual(fault.status)),
        );

    const now = settings.now();
    entry.endedAt = now;
    if (outcome === "dropped") return outcome;
    entry.status = outcome.status;
    if (outcome.status >= 400) entry.code = /AADSTS\d+|Simulator\w+/.exec(textOf(outcome))?.[0] ?? "";
    const waitMs = retryAfterMs(outcome.headers["retry-after"], now);
    if (waitMs !== undefined) entry.retryAfterMs = waitMs;
    if (outcome.status === 429 && waitMs !== undefined) gate.bar(barKey, now, now + waitMs);
    return {
      ...outcome,
      headers: {
        "cache-control": "no-store, no-cache",
        date: new Date(now).toUTCString(),
        "x-ms-request-id": traces.traceId,
        "client-request-id": traces.correlationId,
        ...outcome.headers,
      },
    };
  };

  /** Whom the request is about, if it tells. */
  function whom(ask: Ask, { route }: EntraRoute, form: TokenForm): string | undefined {
    if (route === "token") return whomTokenFormConcerns(form, world)?.address;
    if (route !== "authorize" && route !== "deviceauth") return undefined;
    const typed = ask.person ?? readTokenForm(ask).get("login") ?? readParameters(ask).get("login_hint");
    return world.directory.find(typed ?? "")?.address;
  }

  function work(ask: Ask, { route, tenant }: EntraRoute, form: TokenForm, traces: Traces): Answer {
    const cloud = cloudOfAuthority(ask.host);
    if (route === "unknown" || !cloud) return loud("SimulatorUnknownRoute", `${ask.method} ${ask.path}`);
    try {
      if (route === "token") {
        const stranger = unknownTokenParameter(form);
        return stranger === undefined ? answerToken(tenant, ask, form, world) : loud("SimulatorUnknownParameter", stranger);
      }
      if (route === "authorize") {
        const parameters = readParameters(ask);
        const stranger = unknownAuthorizeParameter(parameters);
        if (stranger !== undefined) return loud("SimulatorUnknownParameter", stranger);
        return answerAuthorize({ ask, tenant, cloud, parameters, traces }, world);
      }
      if (route === "deviceauth") return answerDevicePage(ask, cloud, world);
      if (route === "devicecode") return answerDeviceCode(tenant, cloud, form, world);
      requireTenant(tenant, cloud, world);
      return ask.path.endsWith("/instance")
        ? answerInstance(ask.host, cloud, settings.tenantId)
        : answerOpenIdMetadata(ask.host, cloud, tenant, settings.tenantId);
    } catch (error) {
      if (error instanceof EntraRefusal) return refuse(error, ask.host, traces);
      throw error;
    }
  }

  /** As Entra refuses with the fault's number. */
  function refused({ aadsts, status }: Fault, ask: Ask, { route, tenant }: EntraRoute, traces: Traces): Answer | undefined {
    if (aadsts === undefined) return undefined;
    const cloud = cloudOfAuthority(ask.host);
    const answer =
      route === "authorize" && cloud
        ? refuseAuthorize(aadsts, { ask, tenant, cloud, parameters: readParameters(ask), traces }, world)
        : refuseAs(aadsts, ask.host, traces);
    return status === undefined ? answer : { ...answer, status };
  }
}

const adornedWith = (answer: Answer, headers: Record<string, string>): Answer => ({
  ...answer,
  headers: { ...answer.headers, ...headers },
});

function loud(code: string, what: string): Answer {
  const body = { error: "simulator", error_description: `${code}: the simulator does not know ${what}.`, error_codes: [], code };
  return { status: 501, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}
