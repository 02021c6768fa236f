/**
 * The Entra side of the simulator: finds the route, writes the log, lets faults strike, answers.
 * Invariant: every ask is logged once and takes at least one turn of the event loop. Knows nothing of Graph.
 */
import { cloudOfAuthority } from "../cloud.js";
import { type Answer, type Ask, nextTurn, type Outcome } from "../exchange.js";
import type { Random } from "../random.js";
import type { Fault, FaultBook } from "../traffic/fault.js";
import type { Gate } from "../traffic/gate.js";
import { intercept, plainError, retryAfterMs } from "../traffic/interception.js";
import type { LogWriter } from "../traffic/request-log.js";
import type { RouteName } from "../traffic/route-name.js";
import { answerInstance, answerOpenIdMetadata } from "./discovery.js";
import type { EntraWorld, TokenForm } from "./grant.js";
import { EntraRefusal, refuse, refuseAs, type Traces, usualErrorBody } from "./refusal.js";
import { answerToken, isOurTenant, readTokenForm, unknownTokenParameter, whomTokenFormConcerns } from "./token-endpoint.js";

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
    const found = findRoute(ask);
    const form = found.route === "token" ? readTokenForm(ask) : new Map<string, string>();
    const mailbox = found.route === "token" ? whomTokenFormConcerns(form, world)?.address : undefined;
    const startedAt = settings.now();
    const entry = log.begin({
      route: found.route,
      method: ask.method,
      path: ask.path + (ask.query && `?${ask.query}`),
      startedAt,
      ...(mailbox && { mailbox }),
    });
    const barKey = `entra ${mailbox ?? ""}`;
    const bar = gate.barred(barKey, startedAt);
    if (bar && startedAt > bar.sentAt + 100) log.noteKnock(entry);
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
          faults.strike({ route: found.route, mailbox, messageIds: [] }),
          () => work(ask, found, form, traces),
          (fault) => faultAnswer(fault, ask.host, traces) ?? (fault.status === undefined ? undefined : usual(fault.status)),
        );

    const now = settings.now();
    entry.endedAt = now;
    if (outcome === "dropped") return outcome;
    entry.status = outcome.status;
    if (outcome.status >= 400) entry.code = /AADSTS\d+|Simulator\w+/.exec(outcome.body)?.[0] ?? "";
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

  function work(ask: Ask, { route, tenant }: FoundRoute, form: TokenForm, traces: Traces): Answer {
    const cloud = cloudOfAuthority(ask.host);
    if (route === "unknown" || !cloud) return loud("SimulatorUnknownRoute", `${ask.method} ${ask.path}`);
    try {
      if (route === "token") {
        const stranger = unknownTokenParameter(form);
        return stranger === undefined ? answerToken(tenant, ask, form, world) : loud("SimulatorUnknownParameter", stranger);
      }
      if (!isOurTenant(tenant, world)) throw new EntraRefusal(90002, `Tenant '${tenant}'.`);
      return ask.path.endsWith("/instance")
        ? answerInstance(ask.host, cloud, settings.tenantId)
        : answerOpenIdMetadata(ask.host, cloud, tenant, settings.tenantId);
    } catch (error) {
      if (error instanceof EntraRefusal) return refuse(error, ask.host, traces);
      throw error;
    }
  }
}

/** As Entra refuses with the fault's number. */
function faultAnswer({ aadsts, status }: Fault, host: string, traces: Traces): Answer | undefined {
  if (aadsts === undefined) return undefined;
  const answer = refuseAs(aadsts, host, traces);
  return status === undefined ? answer : { ...answer, status };
}

const adornedWith = (answer: Answer, headers: Record<string, string>): Answer => ({
  ...answer,
  headers: { ...answer.headers, ...headers },
});

interface FoundRoute {
  readonly route: RouteName;
  readonly tenant: string;
}

function findRoute({ method, path }: Ask): FoundRoute {
  const [, tenant = "", ...rest] = path.split("/");
  const tail = rest.join("/").toLowerCase();
  if (method === "POST" && tail === "oauth2/v2.0/token") return { route: "token", tenant };
  if (method === "GET" && tail === "v2.0/.well-known/openid-configuration") return { route: "discovery", tenant };
  if (method === "GET" && tail === "discovery/instance" && tenant === "common") return { route: "discovery", tenant };
  return { route: "unknown", tenant };
}

function loud(code: string, what: string): Answer {
  const body = { error: "simulator", error_description: `${code}: the simulator does not know ${what}.`, error_codes: [], code };
  return { status: 501, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}
