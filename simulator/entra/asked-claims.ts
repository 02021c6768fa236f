/**
 * Reads the `claims` parameter: whether the client can be refused early, and which claims of a challenge it brings.
 * Invariant: what is not JSON is refused; members nobody knows are left alone. Knows no token.
 * Source: entra-docs claims-challenge (the client merges the challenge's claims with `xms_cc`).
 */
import { EntraRefusal } from "./refusal.js";

/** What a claims parameter asks for. */
export interface AskedClaims {
  /** The client declared that it can handle claims challenges. */
  readonly cp1: boolean;
  /** The value of `access_token.nbf`, as in a challenge. */
  readonly notBefore: string | undefined;
}

interface ClaimsText {
  readonly access_token?: {
    readonly xms_cc?: { readonly values?: readonly unknown[] } | null;
    readonly nbf?: { readonly value?: unknown } | null;
  } | null;
}

/** Reads a parameter; undefined asks for nothing. Throws 9002313. */
export function readClaims(text: string | undefined): AskedClaims {
  if (text === undefined) return { cp1: false, notBefore: undefined };
  const asked = parse(text).access_token;
  const notBefore = asked?.nbf?.value;
  return {
    cp1: asked?.xms_cc?.values?.some((value) => typeof value === "string" && value.toLowerCase() === "cp1") ?? false,
    notBefore: typeof notBefore === "string" ? notBefore : undefined,
  };
}

function parse(text: string): ClaimsText {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new EntraRefusal(9002313, "The claims parameter is not valid JSON.");
  }
  if (typeof value !== "object" || value === null) throw new EntraRefusal(9002313, "The claims parameter is not a JSON object.");
  return value;
}
