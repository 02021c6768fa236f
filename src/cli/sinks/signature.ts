/**
 * Signing in the manner of Standard Webhooks 1.0 (standardwebhooks.com), so that its libraries verify what we send.
 *
 * Invariant: a secret stands in no error.
 */
import { createHmac } from "node:crypto";
import { ConfigError } from "../../base/errors.js";

/** What is signed: the headers `webhook-id` and `webhook-timestamp`, and the body byte for byte. */
export interface Signable {
  readonly id: string;
  /** Seconds since 1970, whole. */
  readonly timestamp: number;
  readonly body: string;
}

const form = /^whsec_(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/**
 * The secrets in a text: `whsec_` and the base64 of 24 to 64 bytes; several, with spaces between, while one is replaced.
 * @throws ConfigError `CONFIG_INVALID`
 */
export function signingSecrets(text: string | undefined, variable: string): readonly Buffer[] {
  const words = (text ?? "").split(/\s+/).filter((word) => word !== "");
  const secrets = words.filter((word) => form.test(word)).map((word) => Buffer.from(word.slice("whsec_".length), "base64"));
  const areGood = secrets.length === words.length && secrets.every(({ length }) => length >= 24 && length <= 64);
  if (words.length > 0 && areGood) return secrets;
  const got = words.length === 0 ? "nothing" : "something else";
  throw new ConfigError(
    "CONFIG_INVALID",
    `Expected the environment variable ${variable} to hold the webhook's secret, whsec_ and the base64 of 24 to 64 bytes; got ${got}. Make one with: echo "whsec_$(openssl rand -base64 32)"`,
  );
}

/** The header `webhook-signature`: one signature for each secret. */
export function signatureOf({ id, timestamp, body }: Signable, secrets: readonly Buffer[]): string {
  const signed = `${id}.${timestamp}.${body}`;
  return secrets.map((secret) => `v1,${createHmac("sha256", secret).update(signed).digest("base64")}`).join(" ");
}
