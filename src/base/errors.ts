/**
 * Every error the package throws or reports, and one table that says what each code means for the loop that meets it.
 *
 * Invariant: loops decide by the table (`retryable`, `scope`), never by class or message text. Codes are stable:
 * once published, a code keeps its meaning. A message never holds a token, a secret or mail content.
 */

/** How far the trouble reaches: this call, one message, one queue, or the whole daemon. */
export type ErrorScope = "call" | "message" | "queue" | "daemon";

interface ErrorTrait {
  /** True when the same thing may succeed later without anybody acting. */
  readonly retryable: boolean;
  readonly scope: ErrorScope;
}

const traits = {
  CONFIG_INVALID: { retryable: false, scope: "daemon" },
  CONFIG_NO_HANDLER: { retryable: false, scope: "daemon" },
  CONFIG_KEY_INVALID: { retryable: false, scope: "daemon" },
  CONFIG_PACKAGE_MISSING: { retryable: false, scope: "daemon" },

  STORE_UNAVAILABLE: { retryable: true, scope: "daemon" },
  STORE_NOT_WRITABLE: { retryable: false, scope: "daemon" },
  STORE_NEWER_FORMAT: { retryable: false, scope: "daemon" },
  STORE_NOT_OPEN: { retryable: false, scope: "daemon" },
  STORE_INVALID_ARGUMENT: { retryable: false, scope: "call" },
  STORE_RECORD_INVALID: { retryable: false, scope: "queue" },

  AUTH_VAULT_KEY_MISSING: { retryable: false, scope: "queue" },
  AUTH_VAULT_KEY_LOCKED: { retryable: false, scope: "queue" },
  AUTH_VAULT_KEY_UNKNOWN: { retryable: false, scope: "queue" },
  AUTH_VAULT_NEWER_FORMAT: { retryable: false, scope: "queue" },
  AUTH_VAULT_TAMPERED: { retryable: false, scope: "queue" },
  AUTH_SIGN_IN_REQUIRED: { retryable: false, scope: "queue" },
  AUTH_WRONG_ACCOUNT: { retryable: false, scope: "queue" },
  AUTH_REDIRECT_UNAVAILABLE: { retryable: false, scope: "call" },
  AUTH_APP_REFUSED: { retryable: false, scope: "daemon" },
  AUTH_UNAVAILABLE: { retryable: true, scope: "queue" },
  AUTH_UNREACHABLE: { retryable: true, scope: "queue" },
  AUTH_TIMEOUT: { retryable: true, scope: "queue" },
  AUTH_BAD_RESPONSE: { retryable: true, scope: "queue" },

  GRAPH_BAD_RESPONSE: { retryable: true, scope: "queue" },
  GRAPH_UNREACHABLE: { retryable: true, scope: "queue" },
  GRAPH_TIMEOUT: { retryable: true, scope: "queue" },
  GRAPH_THROTTLED: { retryable: true, scope: "queue" },
  GRAPH_UNAVAILABLE: { retryable: true, scope: "queue" },
  GRAPH_UNAUTHORIZED: { retryable: false, scope: "queue" },
  GRAPH_CONFLICT: { retryable: true, scope: "call" },
  GRAPH_FORBIDDEN: { retryable: true, scope: "queue" },
  GRAPH_NOT_FOUND: { retryable: false, scope: "call" },
  GRAPH_MAILBOX_UNAVAILABLE: { retryable: true, scope: "queue" },
  GRAPH_REFUSED: { retryable: false, scope: "call" },
  GRAPH_ATTACHMENT_REFUSED: { retryable: false, scope: "call" },
  GRAPH_CONTENT_TOO_LARGE: { retryable: false, scope: "call" },
  GRAPH_MIME_REFUSED: { retryable: false, scope: "call" },

  SYNC_CURSOR_LOST: { retryable: true, scope: "queue" },
  SYNC_FOLDER_NOT_FOUND: { retryable: true, scope: "queue" },
  SYNC_MAILBOX_TAKEN: { retryable: false, scope: "queue" },
  SYNC_ROUND_LOOPED: { retryable: true, scope: "queue" },

  DELIVERY_HANDLER_FAILED: { retryable: true, scope: "message" },
  DELIVERY_TIMED_OUT: { retryable: true, scope: "message" },
  DELIVERY_REJECTED: { retryable: false, scope: "message" },
  DELIVERY_UNKNOWN_MESSAGE: { retryable: false, scope: "call" },
  DELIVERY_CONTENT_OVER_LIMIT: { retryable: false, scope: "call" },
  DELIVERY_CONTENT_UNREAD: { retryable: true, scope: "call" },
  DELIVERY_WEBHOOK_UNREACHABLE: { retryable: true, scope: "call" },
  DELIVERY_WEBHOOK_TIMEOUT: { retryable: true, scope: "call" },
  DELIVERY_WEBHOOK_BAD_RESPONSE: { retryable: true, scope: "call" },
  DELIVERY_WEBHOOK_REFUSED: { retryable: true, scope: "call" },

  LIFECYCLE_STORE_IN_USE: { retryable: false, scope: "daemon" },
  LIFECYCLE_LOST_STORE: { retryable: false, scope: "daemon" },
  LIFECYCLE_LOST_QUEUE: { retryable: false, scope: "queue" },
  LIFECYCLE_NOT_STARTED: { retryable: false, scope: "call" },
  LIFECYCLE_STOPPED: { retryable: false, scope: "call" },
  LIFECYCLE_PAUSED: { retryable: false, scope: "call" },
  LIFECYCLE_UNKNOWN_QUEUE: { retryable: false, scope: "call" },
  LIFECYCLE_CONTROL_UNAVAILABLE: { retryable: true, scope: "call" },
} as const satisfies Record<string, ErrorTrait>;

/** The stable codes; narrow on them with a `switch`. */
export type MailErrorCode = keyof typeof traits;

/** Whether it is one of the codes: one that came from another process may be a later version's. */
export function isMailErrorCode(text: unknown): text is MailErrorCode {
  return typeof text === "string" && Object.hasOwn(traits, text);
}

/** Who can mend it: the user of the mailbox, the tenant's administrator, or whoever configured the daemon. */
export type Responsible = "user" | "administrator" | "developer";

/** What a {@link MailError} may carry beside its code and message. */
export interface MailErrorDetails {
  /** What led to it, kept for the log. */
  readonly cause?: unknown;
  /** The queue address it concerns. */
  readonly queue?: string;
  /** The immutable id of the message it concerns. */
  readonly messageId?: string;
  /** What a person can do about it, in the words of the set-up guide. */
  readonly remedy?: string;
  /** Who has to act on it. */
  readonly who?: Responsible;
  /** The step of the set-up guide that it is about: an anchor in `docs/setup-entra.md`. */
  readonly step?: string;
  /** Epoch milliseconds before which trying again is forbidden, where the server asked for a pause. */
  readonly notBeforeAt?: number;
  /** True when the request cannot have reached the service: its host was not found, or took no connection. */
  readonly unsent?: true;
  /** The network's own code, `ENOTFOUND` for example, where no answer came at all. */
  readonly networkCode?: string;
  /** HTTP status of the answer that led to it. */
  readonly status?: number;
  /** The service's own code: a Graph error code, or an AADSTS number. */
  readonly serviceCode?: string;
}

/** The only class of error that leaves the package (with its one subclass {@link ConfigError}). */
export class MailError extends Error {
  override readonly name: string = "MailError";
  readonly code: MailErrorCode;
  // Declared only: what an error was not given is not there.
  declare readonly queue?: string;
  declare readonly messageId?: string;
  declare readonly remedy?: string;
  declare readonly who?: Responsible;
  declare readonly step?: string;
  declare readonly notBeforeAt?: number;
  declare readonly unsent?: true;
  declare readonly networkCode?: string;
  declare readonly status?: number;
  declare readonly serviceCode?: string;

  constructor(code: MailErrorCode, message: string, details: MailErrorDetails = {}) {
    const { cause, ...rest } = details;
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    Object.assign(this, rest);
  }

  /** True when the same thing may succeed later without anybody acting. */
  get retryable(): boolean {
    return traits[this.code].retryable;
  }

  get scope(): ErrorScope {
    return traits[this.code].scope;
  }
}

/** An option is out of range, of the wrong type, unknown or contradictory; the message names option, expectation and value. */
export class ConfigError extends MailError {
  override readonly name = "ConfigError";
}

/** The error as ours: a `MailError` passes through, anything else becomes the given code with the original as `cause`. */
export function asMailError(error: unknown, code: MailErrorCode, message: string, details: MailErrorDetails = {}): MailError {
  return error instanceof MailError ? error : new MailError(code, message, { ...details, cause: error });
}
