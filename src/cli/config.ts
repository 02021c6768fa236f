/**
 * What stands in the configuration file of the command line.
 *
 * The JSON Schema that editors use (`config.schema.json`) is made from these types and their comments.
 */
import type { KeyRing } from "../auth/key-ring.js";
import type { LimitOptions } from "../daemon/limits.js";
import type { AppOptions, Handler, MailDaemonOptions, QueueDefaults, QueueOptions } from "../daemon/options.js";
import type { Store } from "../state/store.js";

/** The key that seals the tokens: an environment variable, a file, or the system's keychain. */
export type KeysConfig =
  /** The name of a variable that holds `id:base64key`. */
  | { readonly env: string }
  /** The path of a file with lines of `id:base64key` that only the daemon's user can read. */
  | { readonly file: string }
  /** The system's keychain, under this service name; needs the package `@azure/msal-node-extensions`. */
  | { readonly keychain: string };

/** A webhook that takes each mail as a signed POST: docs/command-line.md. */
export interface WebhookConfig {
  /** https, or http on loopback. */
  readonly url: string;
  /** The name of the environment variable that holds the secret which signs the requests: `whsec_` and base64 of 24 to 64 bytes. */
  readonly secretEnv: string;
  /** Milliseconds for one request, its answer included, 1,000 to 120,000. Default 15,000. */
  readonly deadlineMs?: number;
}

/** Where `run` hands the mail over: one of them. */
export type DeliveryConfig =
  /** The path of a module whose default export is the handler. */
  | { readonly handler: string }
  /** A line of JSON for each mail on standard output. */
  | { readonly ndjson: true }
  /** A folder that gets an `.eml` and a `.json` file for each mail. */
  | { readonly files: string }
  | { readonly webhook: WebhookConfig };

/** Where `run` answers `/metrics`, `/healthz` and `/readyz`. */
export interface HttpConfig {
  /** 0 picks a free one. */
  readonly port: number;
  /** Default `127.0.0.1`. Whoever reaches it reads how the daemon is, and how much mail comes; nothing can be changed there. */
  readonly host?: string;
  /** Whether `/metrics` tells queues apart, by their addresses. Default false: sums over all queues. */
  readonly queueAddresses?: boolean;
}

/** What JSON can say. Paths are relative to the file. */
export interface JsonConfig {
  /** For editors: the path of `config.schema.json`. */
  readonly $schema?: string;
  /** The application that was registered in Entra: docs/setup-entra.md. */
  readonly app: AppOptions;
  /** The queues: one Microsoft 365 user each. `startFrom` takes a date as ISO text here. */
  readonly queues: readonly QueueOptions[];
  /** Options for every queue that does not set them itself. */
  readonly defaults?: QueueDefaults;
  /** How much is asked of Graph at once and in all. */
  readonly limits?: LimitOptions;
  /** The folder of the store. Default `./mail-daemon-state`. */
  readonly store?: string;
  /** Default the environment variable `MAIL_DAEMON_KEYS`. */
  readonly keys?: KeysConfig;
  /** Default a line of JSON for each mail on standard output. */
  readonly deliverTo?: DeliveryConfig;
  /** Default nowhere. */
  readonly http?: HttpConfig;
  /**
   * Whether lines of `run` that go into a log have addresses as they are. Default false: where standard error is no
   * terminal a hash takes the place of what is before the `@`.
   */
  readonly logAddresses?: boolean;
  /**
   * Talks to a simulator on this machine instead of Microsoft: the address that `m365-mail-daemon simulate` prints. A
   * store that was used with a simulator is not used with Microsoft later, nor the other way round.
   */
  readonly simulator?: string;
}

/** What a TypeScript or JavaScript file can say: the same, and objects of your own. */
export interface MailDaemonConfig extends Omit<JsonConfig, "store" | "keys" | "deliverTo"> {
  /** A folder, or a store of your own. */
  readonly store?: string | Store;
  readonly keys?: KeysConfig | KeyRing | MailDaemonOptions["vaultKeys"];
  /** Lets several that `run` share the queues, such as `bullmqScheduler` gives; `store` must be one that all of them reach. */
  readonly scheduler?: MailDaemonOptions["scheduler"];
  /** See `MailDaemonOptions`. */
  readonly turnMaxMs?: MailDaemonOptions["turnMaxMs"];
  /**
   * The folder of the socket by which other commands reach the daemon that runs; each daemon needs its own. Default the
   * store's folder; without one nothing reaches it.
   */
  readonly control?: string;
  /** Where the mail goes, or the handler itself. */
  readonly deliverTo?: DeliveryConfig | Handler;
  /** Gets the lines of the daemon's log while it runs, beside those on standard error. See `MailDaemonOptions`. */
  readonly logger?: MailDaemonOptions["logger"];
  /** See `MailDaemonOptions`. */
  readonly fetch?: MailDaemonOptions["fetch"];
}
