/**
 * The way to Microsoft: names, proxy or firewall, certificates, and whether Entra knows the tenant.
 *
 * Each of the two hosts is asked once, through the daemon's own door and without a token, for what anybody may ask: what
 * went wrong is told by the network's own code. So a door of the host's own (a proxy, another resolver) is judged as it is.
 */
import type { EntraAnswer } from "../../auth/entra-network.js";
import { entraJson } from "../../auth/entra-network.js";
import { refusalOf } from "../../auth/entra-refusal.js";
import { garbledRemedy, remedyDetails } from "../../auth/remedies.js";
import type { Remedy } from "../../auth/remedy.js";
import type { Clock } from "../../base/clock.js";
import type { Cloud } from "../../base/cloud.js";
import { MailError } from "../../base/errors.js";
import type { Http, HttpAnswer } from "../../base/http.js";
import { ok, type Seen, seenIn, skippedFor, wrong } from "./finding.js";
import type { ServerTime } from "./machine.js";
import { type ProxyEnvironment, unusedProxy, unusedProxyRemedy } from "./proxy-use.js";

export interface WayOptions {
  readonly doors: { readonly graph: Http; readonly authority: Http };
  readonly cloud: Cloud;
  readonly tenantId: string;
  readonly clock: Clock;
  /** Whether the door is the global `fetch`; one of the host's own is judged by what it does alone. */
  readonly isGlobalFetch: boolean;
  readonly environment: ProxyEnvironment;
  readonly signal: AbortSignal;
}

export interface Way {
  readonly dns: Seen;
  readonly proxy: Seen;
  readonly tls: Seen;
  readonly authority: Seen;
  /** Absent where nobody answered with a date. */
  readonly time: ServerTime | undefined;
}

type Obstacle = "dns" | "proxy" | "tls";
interface Reached {
  readonly host: string;
  readonly answer?: HttpAnswer & { readonly askedAt: number; readonly answeredAt: number };
  readonly obstacle?: { readonly kind: Obstacle; readonly error: MailError };
}

const certificates: Remedy = {
  class: "application",
  cause: "the certificate is not trusted",
  who: "developer",
  step: "this-machine",
  remedy:
    "Something on the way answers with a certificate of its own (a proxy that opens TLS), or the clock of this machine is wrong. Let the hosts pass unopened, or have Node trust the " +
    "authority: NODE_EXTRA_CA_CERTS=<file>, or `undiciFetch({ ca })`. Never switch the check off: tokens travel here.",
};

/** Node's and undici's codes for a certificate or a handshake. */
const ofTls =
  /^(CERT_|ERR_TLS_|ERR_SSL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA|PATH_LENGTH_|EPROTO$|UND_ERR_PRX_TLS$)/;
const ofNames = /^(ENOTFOUND|ENODATA|ESERVFAIL|EAI_[A-Z]+)$/;

export async function lookAtWay(options: WayOptions): Promise<Way> {
  const { doors, cloud, tenantId } = options;
  const metadata = `https://${cloud.authorityHost}/${encodeURIComponent(tenantId)}/v2.0/.well-known/openid-configuration`;
  const [authority, graph] = await Promise.all([
    reach(doors.authority, cloud.authorityHost, metadata, options),
    // Without a token it is refused by Graph itself, which is answer enough.
    reach(doors.graph, cloud.graphHost, `https://${cloud.graphHost}/v1.0/me?$select=id`, options),
  ]);
  const both = [authority, graph];
  const hosts = `${cloud.authorityHost} and ${cloud.graphHost}`;
  const unused = options.isGlobalFetch ? both.map(({ host }) => unusedProxy(host, options.environment)).find(Boolean) : undefined;
  const of = (kind: Obstacle) => both.find(({ obstacle }) => obstacle?.kind === kind)?.obstacle?.error;
  const [dns, proxy, tls] = [of("dns"), of("proxy"), of("tls")];
  const byProxy = (error: MailError): Seen =>
    unused === undefined ? seenIn(error) : { ...seenIn(error), found: notUsed(error.message, unused), ...remedyDetails(unusedProxyRemedy) };
  return {
    dns: dns ? byProxy(dns) : ok(`${hosts} are found.`),
    proxy: proxy ? byProxy(proxy) : dns ? skippedFor("dns") : connected(hosts, unused),
    tls: tls ? seenIn(tls) : dns || proxy ? skippedFor(dns ? "dns" : "proxy") : ok("Their certificates are trusted."),
    authority: authority.answer ? known(authority.answer, options) : skippedFor(authority.obstacle?.kind ?? "proxy"),
    time: timeOf(authority) ?? timeOf(graph),
  };
}

async function reach(http: Http, host: string, url: string, { clock, signal }: WayOptions): Promise<Reached> {
  const askedAt = clock.now();
  try {
    const answer = await http({ method: "GET", url, headers: { accept: "application/json" }, signal });
    return { host, answer: { ...answer, askedAt, answeredAt: clock.now() } };
  } catch (error) {
    if (signal.aborted || !(error instanceof MailError)) throw error;
    const { networkCode = "" } = error;
    const kind = ofNames.test(networkCode) ? "dns" : ofTls.test(networkCode) ? "tls" : "proxy";
    // The advice for what is not reached does not speak of certificates.
    return { host, obstacle: { kind, error: kind === "tls" ? trusted(error) : error } };
  }
}

function trusted({ code, message, networkCode }: MailError): MailError {
  const { remedy, who, step } = remedyDetails(certificates);
  return new MailError(code, message, { remedy, who, step, ...(networkCode === undefined ? {} : { networkCode }) });
}

function connected(hosts: string, unused: string | undefined): Seen {
  if (unused === undefined) return ok(`${hosts} take connections on port 443.`);
  return wrong("warning", notUsed(`${hosts} are reached.`, unused), unusedProxyRemedy);
}

function notUsed(found: string, variable: string): string {
  return `${found} ${variable} names a proxy, which Node's own fetch does not use here.`;
}

function known(answer: HttpAnswer & { readonly askedAt: number }, { cloud, tenantId, clock }: WayOptions): Seen {
  const { status, headers, text, askedAt } = answer;
  const json = entraJson(text);
  const entras: EntraAnswer = { status, headers, json, askedAt };
  if (status !== 200) return seenIn(refusalOf(entras, { host: cloud.authorityHost, now: clock.now() }));
  if (typeof json?.token_endpoint === "string") return ok(`${cloud.authorityHost} knows the tenant ${tenantId}.`);
  const message = `${cloud.authorityHost} answered ${status} with something that is no description of a tenant.`;
  return seenIn(new MailError("AUTH_BAD_RESPONSE", message, { status, ...remedyDetails(garbledRemedy) }));
}

function timeOf({ answer }: Reached): ServerTime | undefined {
  const date = Date.parse(answer?.headers.get("date") ?? "");
  return answer === undefined || Number.isNaN(date) ? undefined : { askedAt: answer.askedAt, answeredAt: answer.answeredAt, date };
}
