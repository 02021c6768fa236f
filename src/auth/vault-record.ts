/**
 * What one sealed record holds: everything that lets a queue go on after a restart without asking Entra.
 *
 * Invariant: it is about exactly one account. It must never be logged, put into an error or an event.
 */
import { z } from "zod";

const recordSchema = z.object({
  /** MSAL's serialized cache: this account alone, its newest access token and its refresh token. */
  cache: z.string().min(1),
  /** MSAL's name of the account: object id and home tenant. */
  homeAccountId: z.string().min(1),
  /** The name the user signs in with. */
  username: z.string(),
  objectId: z.string().min(1),
  tenantId: z.string().min(1),
  /** How the account was signed in. */
  method: z.string().min(1),
  /** Epoch milliseconds of the sign-in. */
  signedInAt: z.number(),
  /** Epoch milliseconds at which the access token was asked for. */
  refreshedAt: z.number(),
  /** Epoch milliseconds at which the access token ends. */
  expiresAt: z.number(),
  /** The scopes that the access token was asked for. */
  scopes: z.array(z.string()),
  /** Epoch milliseconds at which Entra said that the refresh token ends; absent when it did not say. */
  refreshEndsAt: z.number().optional(),
  /** Milliseconds after which a policy of the tenant ended an earlier sign-in of the account; absent when none did. */
  policyLifeMs: z.number().optional(),
});

export type VaultRecord = Readonly<z.infer<typeof recordSchema>>;

/** The record as sealed, or `undefined` when the text is none. */
export function parseVaultRecord(text: string): VaultRecord | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  const parsed = recordSchema.safeParse(json);
  return parsed.success ? parsed.data : undefined;
}
