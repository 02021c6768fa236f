/**
 * Tells this process every secret that a simulator issues or is given, so that tests can search what is shown for it.
 * Invariant: told before anybody else has it. Knows no listener: without one nothing happens.
 */
import { channel } from "node:diagnostics_channel";

/** What stands in a message of the channel `m365-mail-daemon/simulator:secret`. */
export interface IssuedSecret {
  /** For people: "access token". */
  readonly kind: string;
  readonly value: string;
}

const secrets = channel("m365-mail-daemon/simulator:secret");

/** Publishes the secret; gives it back. */
export function issuedSecret(kind: string, value: string): string {
  secrets.publish({ kind, value } satisfies IssuedSecret);
  return value;
}
