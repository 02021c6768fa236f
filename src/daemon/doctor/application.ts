/**
 * The app registration: whether Entra knows the client id in this tenant, whether the app is enabled and its public client
 * flows are on.
 *
 * A device code is asked for that nobody will use and that ends by itself: the one question that Entra answers about an
 * app without a person or a token. It is thrown away here. Consent is another matter: it shows when a token is renewed.
 */
import { entraJson } from "../../auth/entra-network.js";
import { refusalOf } from "../../auth/entra-refusal.js";
import type { Clock } from "../../base/clock.js";
import type { Cloud } from "../../base/cloud.js";
import type { Http } from "../../base/http.js";
import { ok, type Seen, seenIn } from "./finding.js";

export interface ApplicationOptions {
  readonly http: Http;
  readonly cloud: Cloud;
  readonly clientId: string;
  readonly tenantId: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Sign-ins that were made with the browser are renewed all the same. */
const flowsOff = "AADSTS7000218";

export async function lookAtApplication({ http, cloud, clientId, tenantId, clock, signal }: ApplicationOptions): Promise<Seen> {
  const askedAt = clock.now();
  const { status, headers, text } = await http({
    method: "POST",
    url: `https://${cloud.authorityHost}/${encodeURIComponent(tenantId)}/oauth2/v2.0/devicecode`,
    headers: { accept: "application/json", "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({ client_id: clientId, scope: `https://${cloud.graphHost}/User.Read` }).toString(),
    signal,
  });
  const json = entraJson(text);
  if (status === 200 && typeof json?.device_code === "string") {
    return ok("Entra knows the app in this tenant, it is enabled, and its public client flows are on.");
  }
  return seenIn(refusalOf({ status, headers, json, askedAt }, { host: cloud.authorityHost, now: clock.now() }));
}

/** Whether it says that Entra is not to be asked for tokens now. */
export function hidesTokens({ outcome, serviceCode }: Seen): boolean {
  return outcome === "failed" && serviceCode !== flowsOff;
}
