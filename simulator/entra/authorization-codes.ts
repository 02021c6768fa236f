/**
 * The authorization codes issued, each with what it is bound to.
 * Invariant: a code is good for ten minutes and one redemption, by whoever knows its redirect address and its verifier.
 * Source: entra-docs v2-oauth2-auth-code-flow. Knows no request.
 */
import { randomBytes } from "node:crypto";
import { tellSecret } from "../secret-channel.js";
import type { SignedIn } from "./session.js";

/** What a code is bound to. */
export interface CodeBinding extends SignedIn {
  readonly redirectUri: string;
  readonly codeChallenge: string;
}

/** One code. */
export interface AuthorizationCode extends CodeBinding {
  readonly expiresAt: number;
  spent: boolean;
}

/** The codes of a tenant. */
export interface AuthorizationCodes {
  issue(binding: CodeBinding): string;
  /** "garbled" when no code ever looked like that. */
  find(code: string): AuthorizationCode | "unknown" | "garbled";
}

const lifeMs = 10 * 60_000;

/** Makes a store without codes. */
export function createAuthorizationCodes(now: () => number): AuthorizationCodes {
  const codes = new Map<string, AuthorizationCode>();
  return {
    issue(binding) {
      const code = tellSecret("authorization-code", `1.AS${randomBytes(300).toString("base64url")}`);
      codes.set(code, { ...binding, expiresAt: now() + lifeMs, spent: false });
      return code;
    },
    find: (code) => codes.get(code) ?? (/^1\.AS[\w-]{400}$/.test(code) ? "unknown" : "garbled"),
  };
}
