/**
 * One Graph request on its way to its answer: what was read of it so far, and the small things all answers share.
 * Invariant: a call is made after the caller was let in. Knows no single route.
 */
import type { Account, Directory } from "../directory.js";
import type { AccessGrant } from "../entra/token-issuer.js";
import type { Answer, Ask } from "../exchange.js";
import type { Folder } from "../mailbox/folder.js";
import type { Mailbox } from "../mailbox/mailbox.js";
import { isWellFormedId } from "../mailbox/message-ids.js";
import type { Random } from "../random.js";
import type { Settings } from "../settings.js";
import type { Fault } from "../traffic/fault.js";
import type { OpenEntry } from "../traffic/request-log.js";
import { openMailbox } from "./access.js";
import type { Preferences } from "./prefer.js";
import { GraphRefusal, malformedId, notFound, quotaExceeded } from "./refusal.js";
import type { GraphRoute } from "./route.js";

/** One request. */
export interface GraphCall {
  readonly ask: Ask;
  readonly route: GraphRoute;
  readonly grant: AccessGrant;
  readonly preferences: Preferences;
  readonly entry: OpenEntry;
  readonly directory: Directory;
  readonly settings: Settings;
  /** Decides the quirks. */
  readonly random: Random;
  /** What a fault makes of the page that is answered; undefined when none strikes. */
  readonly astray: PageAstray | undefined;
}

/** The parts of a fault that change a page itself. */
export type PageAstray = Pick<Fault, "loop" | "endless" | "dropNextLink">;

/** What answers a route. Throws `GraphRefusal`. */
export type GraphWork = (call: GraphCall) => Answer;

/** Graph's content type. */
export const graphJson = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8";

/** An answer with a JSON text. */
export function answerJson(call: GraphCall, body: string, status = 200): Answer {
  const headers: Record<string, string> = { "content-type": graphJson };
  if (call.preferences.applied !== "") headers["preference-applied"] = call.preferences.applied;
  return { status, headers, body };
}

/** `@odata.context` as a property, for what the path names. */
export function contextOf(call: GraphCall, what: string): string {
  return `"@odata.context":"https://${call.ask.host}/v1.0/$metadata#${what}"`;
}

/** The owner as contexts name it. */
export const ownerContext = (owner: Account) => `users('${encodeURIComponent(owner.objectId)}')`;

/** Opens the mailbox the path names. */
export function mailboxOf(call: GraphCall, write = false): { owner: Account; mailbox: Mailbox } {
  return openMailbox(call.grant, call.route.user, call.directory, write);
}

/** The folder of that name or id. */
export function folderIn(mailbox: Mailbox, key: string): Folder {
  const folder = mailbox.folder(key);
  if (folder) return folder;
  throw isWellFormedId(key) ? notFound() : malformedId();
}

/** Throws 403 where the quota is used up. */
export function requireRoom(mailbox: Mailbox): void {
  if (mailbox.full) throw quotaExceeded("Cannot save changes made to an item to store.");
}

/** The JSON body of a request. Throws 415 and 400. */
export function readJsonBody(ask: Ask): Readonly<Record<string, unknown>> {
  if (!/^application\/json\b/i.test(ask.headers["content-type"] ?? "")) {
    throw new GraphRefusal(415, "UnsupportedMediaType", "The Content-Type header must be application/json.");
  }
  let body: unknown;
  try {
    body = JSON.parse(ask.body);
  } catch {
    throw new GraphRefusal(
      400,
      "BadRequest",
      "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.",
    );
  }
  if (typeof body !== "object" || body === null || Array.isArray(body))
    throw new GraphRefusal(400, "RequestBodyRead", "The request body must be a JSON object.");
  return body as Record<string, unknown>;
}
