/**
 * What can be asked of a running daemon over its control socket: `POST /v1/<request>` with JSON, answered with
 * `{ "result": … }`, or with `{ "error": … }` and what a `MailError` carries.
 *
 * Invariant: a request changes its meaning with the number in the path only.
 */
import { z } from "zod";
import type { RotateResult } from "../auth/vault.js";
import type { Finding } from "../daemon/doctor/finding.js";
import type { StatusOfAll } from "../daemon/status-of-all.js";
import type { QuarantinedMessage } from "../delivery/quarantine.js";
import type { MessageStory } from "../delivery/story.js";
import type { SweepResult } from "../schedule/sweep-verdict.js";

export const pathPrefix = "/v1/";

const text = z.string().min(1);
const nothing = z.strictObject({});
const queue = z.strictObject({ address: text });
const message = z.strictObject({ address: text, id: text });

/** What each request is given. */
export const givenSchemas = {
  hello: nothing,
  status: nothing,
  explain: message,
  quarantined: queue,
  replay: message,
  sweep: z.strictObject({ address: text.optional() }),
  pollNow: queue,
  pause: queue,
  resume: queue,
  rotateKeys: nothing,
  signOut: queue,
  /** Absent: all queues that the daemon knows. */
  doctor: z.strictObject({ addresses: z.array(text).min(1).optional() }),
};

export type RequestName = keyof typeof givenSchemas;
export type Given<Name extends RequestName> = z.output<(typeof givenSchemas)[Name]>;

/** What each request is answered with; as of the methods of `MailDaemon`. */
export interface Answers {
  readonly hello: { readonly processId: number };
  readonly status: StatusOfAll;
  /** `null`: the queue never saw it. */
  readonly explain: MessageStory | null;
  readonly quarantined: readonly QuarantinedMessage[];
  readonly replay: null;
  readonly sweep: SweepResult;
  readonly pollNow: null;
  readonly pause: null;
  readonly resume: null;
  readonly rotateKeys: RotateResult;
  /** False when nobody was signed in. */
  readonly signOut: boolean;
  readonly doctor: readonly Finding[];
}

export function isRequestName(name: string): name is RequestName {
  return Object.hasOwn(givenSchemas, name);
}

/** What comes of a value as JSON: dates are ISO texts. */
export type AsJson<T> = T extends Date
  ? string
  : T extends readonly (infer One)[]
    ? readonly AsJson<One>[]
    : T extends object
      ? { readonly [Name in keyof T]: AsJson<T[Name]> }
      : T;

export function asJson<T>(value: T): AsJson<T> {
  return JSON.parse(JSON.stringify(value)) as AsJson<T>;
}
