/**
 * The one app registration, and what it refuses by itself.
 * Invariant: an unknown, missing or disabled app gets nothing, whoever asks. Knows no account.
 */
import type { Settings } from "../settings.js";
import { EntraRefusal } from "./refusal.js";

/** The settable state of the app. */
export interface AppState {
  /** "Allow public client flows": without it password and device code are AADSTS7000218. Default true. */
  publicClientFlows: boolean;
  /** Whether it is enabled in the tenant (else AADSTS7000112). Default true. */
  enabled: boolean;
  /** Whether it is registered in the tenant at all (else AADSTS700016). Default true. */
  registered: boolean;
}

/** Throws unless the client is our app and in order. */
export function requireApp(clientId: string | undefined, { settings, app }: { settings: Settings; app: AppState }): void {
  if (!clientId) throw new EntraRefusal(900144, "'client_id'.");
  if (!app.registered || clientId.toLowerCase() !== settings.clientId)
    throw new EntraRefusal(700016, `Application with identifier '${clientId}'.`);
  if (!app.enabled) throw new EntraRefusal(7000112);
}

/** Throws when public client flows are off. */
export function requirePublicClientFlows(app: AppState): void {
  if (!app.publicClientFlows) throw new EntraRefusal(7000218);
}
