/**
 * The links of a queue's account: its sealed record, its consent, a silent renewal, what the token may do, whose it is.
 *
 * Invariants: a token is renewed once for each account, however many queues share it, and is durable before it is used;
 * what is written is that and nothing else. No token leaves this file but through the token source.
 */
import type { QueueTokens } from "../../auth/accounts.js";
import { accessTokenIn, grantedScopesIn } from "../../auth/grant.js";
import { type Ask, confirmIdentity } from "../../auth/identity.js";
import { mailboxRemedy } from "../../auth/mailbox-remedies.js";
import { remedyDetails } from "../../auth/remedies.js";
import { signInAgain } from "../../auth/renewal.js";
import type { Vault } from "../../auth/vault.js";
import { MailError } from "../../base/errors.js";
import { type Link, ok, type Seen, seenIn, skipped } from "./finding.js";

export interface AccountOptions {
  /** The sign-in name. */
  readonly account: string;
  readonly vault: Vault;
  readonly tokens: QueueTokens;
  readonly ask: Ask;
  /** The permissions that the account's queues need, by their short names. */
  readonly wanted: readonly string[];
  /** Renewals under way or done, by account in lower case. */
  readonly renewals: Map<string, Promise<Renewed>>;
  readonly signal: AbortSignal;
}

export interface Renewed {
  /** What Entra says the token may do; absent where it does not say. */
  readonly scopes: readonly string[] | undefined;
  /** Epoch milliseconds at which it ends. */
  readonly expiresAt: number;
  /** Why it is the token of before, where Entra had no time for another. */
  readonly hindrance?: MailError | undefined;
}

const noPermission = mailboxRemedy({ code: "GRAPH_FORBIDDEN", serviceCode: "NoPermissionsInAccessToken", status: 403 });

/** A token that may do too little, seen before Graph says so. */
export function lackingPermission(message: string): Seen {
  return seenIn(new MailError("GRAPH_FORBIDDEN", message, noPermission && remedyDetails(noPermission)));
}

export function accountLinks(options: AccountOptions): Link[] {
  const { account, vault, wanted, ask } = options;
  const renewed = () => {
    const key = account.toLowerCase();
    const work = options.renewals.get(key) ?? renewal(options);
    options.renewals.set(key, work);
    return work;
  };
  return [
    { check: "vault-record", look: () => lookAtRecord(vault, account) },
    { check: "consent", look: () => lookAtConsent(renewed()) },
    { check: "token", look: async () => lookAtToken(await renewed()) },
    { check: "scopes", look: async () => lookAtScopes(await renewed(), wanted) },
    { check: "identity", look: () => lookAtIdentity(account, ask) },
  ];
}

async function lookAtRecord(vault: Vault, account: string): Promise<Seen> {
  try {
    const entry = await vault.read(account);
    if (!entry) throw new MailError("AUTH_SIGN_IN_REQUIRED", `${account} has not been signed in.`, signInAgain(account, "in"));
    const { method, signedInAt } = entry.record;
    return ok(`The sealed record of ${account} opens: signed in by ${method} at ${new Date(signedInAt).toISOString()}.`);
  } catch (error) {
    if (!(error instanceof MailError)) throw error;
    // What a lost key sealed opens with that key alone; anything else is mended by a sign-in.
    return seenIn(error, { step: error.code === "AUTH_VAULT_KEY_UNKNOWN" ? "this-machine" : "sign-in" });
  }
}

/** The token, renewed now; the one of before where Entra has no time and that one still serves. */
async function renewal({ account, vault, tokens, signal }: AccountOptions): Promise<Renewed> {
  const before = await vault.read(account);
  const current = await tokens.get({ signal });
  let hindrance: MailError | undefined;
  // One that had ended has just been renewed.
  if (before && current === accessTokenIn(before.record.cache)) {
    hindrance = await tokens.get({ refused: current, signal }).then(
      () => undefined,
      (error: unknown) => {
        if (error instanceof MailError && error.retryable) return error;
        throw error;
      },
    );
  }
  const entry = await vault.read(account);
  if (!entry) throw new MailError("AUTH_SIGN_IN_REQUIRED", `${account} has been signed out.`, signInAgain(account));
  return { scopes: grantedScopesIn(entry.record.cache), expiresAt: entry.record.expiresAt, hindrance };
}

async function lookAtConsent(work: Promise<Renewed>): Promise<Seen> {
  try {
    const { hindrance } = await work;
    return hindrance ? skipped("Entra did not come to it: see token.") : ok("Entra gives a token for the permissions asked for.");
  } catch (error) {
    if (!(error instanceof MailError) || error.step === "grant-consent") throw error;
    return skipped("Entra did not come to it: see token.");
  }
}

async function lookAtIdentity(account: string, ask: Ask): Promise<Seen> {
  try {
    await confirmIdentity({ ask, address: account, ending: "" });
    return ok(`The token is of the user of ${account}.`);
  } catch (error) {
    // Who it is says nothing about the pause; the mailbox does.
    if (error instanceof MailError && error.code === "GRAPH_THROTTLED") return skipped("Graph wants a pause: see mailbox.");
    throw error;
  }
}

function lookAtToken({ expiresAt, hindrance }: Renewed): Seen {
  if (hindrance) return seenIn(hindrance, { outcome: "warning" });
  return ok(`The token was renewed without anybody; it ends at ${new Date(expiresAt).toISOString()} and is renewed before.`);
}

function lookAtScopes({ scopes }: Renewed, wanted: readonly string[]): Seen {
  if (!scopes) return skipped("Entra did not say which permissions the token has.");
  const has = new Set(scopes.map((scope) => scope.toLowerCase()));
  const lacking = wanted.filter((scope) => !has.has(scope.toLowerCase()));
  if (lacking.length === 0) return ok(`The token has ${wanted.join(", ")}.`);
  return lackingPermission(`The token lacks ${lacking.join(", ")}; it has ${scopes.join(", ")}.`);
}
