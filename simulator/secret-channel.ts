/**
 * Tells whoever listens every secret of a simulator, so that a test can look for it where it must not be.
 * Invariant: a secret is told before anybody can use it; without a listener nothing is kept. Knows no secret's use.
 */
import { channel } from "node:diagnostics_channel";

/** What is published on the diagnostics channel `m365-mail-daemon/simulator:secret`. */
export interface SimulatedSecret {
  readonly kind: "access-token" | "refresh-token" | "id-token" | "device-code" | "authorization-code" | "password";
  readonly value: string;
}

const secrets = channel("m365-mail-daemon/simulator:secret");

/** Publishes a secret and gives it back. */
export function tellSecret(kind: SimulatedSecret["kind"], value: string): string {
  if (secrets.hasSubscribers) secrets.publish({ kind, value } satisfies SimulatedSecret);
  return value;
}
