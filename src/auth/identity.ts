/**
 * Whose mailbox it is: the signed-in user must own the address that the account is configured by.
 *
 * Invariant: without a positive answer of Graph nobody is let in. It must not know how Graph is asked, nor whose token asks.
 */
import { MailError } from "../base/errors.js";
import { refusedTokens } from "./mailbox-remedies.js";
import { remedyDetails } from "./remedies.js";

/** Asks Graph by path, with the token of the user who has just signed in. */
export type Ask = (path: string) => Promise<{ readonly status: number; readonly json: unknown }>;

export interface Identity {
  /** Entra's id of the user; it stays when the address changes, and changes when the mailbox is made anew. */
  readonly objectId: string;
  readonly userPrincipalName: string;
}

interface GraphUser {
  readonly id?: unknown;
  readonly userPrincipalName?: unknown;
  readonly mail?: unknown;
  readonly proxyAddresses?: unknown;
}

/**
 * The signed-in user, when the address is one of theirs: sign-in name, mail, a proxy address, or a name under which
 * Graph finds the same user.
 * @throws MailError `AUTH_WRONG_ACCOUNT`, `GRAPH_UNAUTHORIZED`, `GRAPH_FORBIDDEN`, `GRAPH_UNAVAILABLE`, `GRAPH_BAD_RESPONSE`, and whatever `ask` throws
 */
export async function confirmIdentity({
  ask,
  address,
  ending = "; nothing was stored",
}: {
  readonly ask: Ask;
  readonly address: string;
  /** What came of it, as the end of a sentence. Default: nothing was stored. */
  readonly ending?: string;
}): Promise<Identity> {
  const me = await answered(ask, "/me?$select=id,userPrincipalName,mail,proxyAddresses", ending);
  const { id: objectId, userPrincipalName } = me;
  if (typeof objectId !== "string" || objectId === "" || typeof userPrincipalName !== "string") {
    throw new MailError("GRAPH_BAD_RESPONSE", "Graph did not say who is signed in: /me has no id or no user principal name.");
  }
  if (addressesOf(me).has(address.toLowerCase()) || (await holds({ ask, address, objectId, ending })))
    return { objectId, userPrincipalName };
  throw new MailError(
    "AUTH_WRONG_ACCOUNT",
    `${userPrincipalName} signed in, but ${address} is not an address of that user${ending}.`,
    remedyDetails({
      who: "user",
      step: "sign-in",
      remedy: `Sign in as ${address}, in a private window of the browser. To read a shared mailbox with another account, name that account in the queue's \`account\` option.`,
    }),
  );
}

function addressesOf({ userPrincipalName, mail, proxyAddresses }: GraphUser): Set<string> {
  const proxies: unknown[] = Array.isArray(proxyAddresses) ? proxyAddresses : [];
  const named = [userPrincipalName, mail].filter((name): name is string => typeof name === "string");
  // Other prefixes (x500:, sip:) are no mail addresses.
  const smtp = proxies
    .filter((proxy): proxy is string => typeof proxy === "string" && /^smtp:/i.test(proxy))
    .map((proxy) => proxy.slice(5));
  return new Set([...named, ...smtp].map((name) => name.toLowerCase()));
}

/** `User.Read` may leave the proxy addresses out; Graph finds users by some of their names itself. */
async function holds({
  ask,
  address,
  objectId,
  ending,
}: {
  ask: Ask;
  address: string;
  objectId: string;
  ending: string;
}): Promise<boolean> {
  const { status, json } = await ask(`/users/${encodeURIComponent(address)}?$select=id`);
  if (status === 200) return (json as GraphUser | null)?.id === objectId;
  if (status === 400 || status === 403 || status === 404) return false;
  throw refused(status, "the owner of the address", ending);
}

async function answered(ask: Ask, path: string, ending: string): Promise<GraphUser> {
  const { status, json } = await ask(path);
  if (status !== 200) throw refused(status, "who is signed in", ending);
  if (typeof json !== "object" || json === null)
    throw new MailError("GRAPH_BAD_RESPONSE", "Graph did not say who is signed in: no JSON object.");
  return json;
}

function refused(status: number, what: string, ending: string): MailError {
  // Nothing is missing of its permissions: the token itself is not taken.
  if (status === 401) {
    const message = `Graph refuses the token that Entra has just given and does not say ${what} (401)${ending}.`;
    return new MailError("GRAPH_UNAUTHORIZED", message, { status, ...remedyDetails(refusedTokens) });
  }
  if (status === 403) {
    return new MailError("GRAPH_FORBIDDEN", `Graph refused to say ${what} (${status})${ending}.`, {
      status,
      ...remedyDetails({
        who: "developer",
        step: "api-permissions",
        remedy: "Add the delegated permissions User.Read and User.ReadBasic.All to the app, grant consent, and sign the account in again.",
      }),
    });
  }
  return new MailError("GRAPH_UNAVAILABLE", `Graph did not say ${what} (${status})${ending}.`, { status });
}
