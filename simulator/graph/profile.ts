/**
 * `/me` and `/users/{id}`: the profile of a user.
 * Invariant: another user's profile is the basic one only (User.ReadBasic.All). Knows no mailbox.
 */
import type { Account } from "../directory.js";
import { requirePermission } from "./access.js";
import { answerJson, contextOf, type GraphWork } from "./call.js";
import { readQuery } from "./query.js";
import { badRequest, GraphRefusal } from "./refusal.js";

type ProfileReader = (account: Account) => unknown;
const nothing: ProfileReader = () => null;
const givenName: ProfileReader = ({ displayName }) => displayName.split(" ")[0] ?? null;
const surname: ProfileReader = ({ displayName }) => displayName.split(" ").slice(1).join(" ") || null;

const basic: Readonly<Record<string, ProfileReader>> = {
  displayName: (account) => account.displayName,
  givenName,
  mail: (account) => (account.mailbox ? account.address : null),
  surname,
  userPrincipalName: (account) => account.address,
  id: (account) => account.objectId,
};
/** Graph's default set, in its order. */
const byDefault: Readonly<Record<string, ProfileReader>> = {
  businessPhones: () => [],
  displayName: basic.displayName as ProfileReader,
  givenName,
  jobTitle: nothing,
  mail: basic.mail as ProfileReader,
  mobilePhone: nothing,
  officeLocation: nothing,
  preferredLanguage: nothing,
  surname,
  userPrincipalName: basic.userPrincipalName as ProfileReader,
  id: basic.id as ProfileReader,
};
const selectable: Readonly<Record<string, ProfileReader>> = {
  ...byDefault,
  accountEnabled: (account) => !account.state.disabled,
  mailNickname: (account) => account.address.split("@")[0],
  otherMails: () => [],
  proxyAddresses: (account) => (account.mailbox ? [`SMTP:${account.address}`, ...account.aliases.map((alias) => `smtp:${alias}`)] : []),
  userType: (account) => (account.state.guest ? "Guest" : "Member"),
};

/** Answers both routes. */
export const answerProfile: GraphWork = (call) => {
  const { grant, route, directory } = call;
  const account = route.user === undefined ? grant.account : directory.find(route.user);
  const own = account === grant.account;
  requirePermission(grant, own ? ["User.Read", "User.ReadBasic.All"] : ["User.ReadBasic.All"]);
  const select = readQuery(call.ask.query, ["$select"]).get("$select");
  if (!account)
    throw new GraphRefusal(
      404,
      "Request_ResourceNotFound",
      `Resource '${route.user}' does not exist or one of its queried reference-property objects are not present.`,
    );

  const readers = select === undefined ? (own ? byDefault : basic) : pick(select);
  if (!own && Object.keys(readers).some((name) => !(name in basic))) {
    throw new GraphRefusal(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.");
  }
  const properties = Object.entries(readers).map(([name, read]) => `"${name}":${JSON.stringify(read(account))}`);
  return answerJson(call, `{${[contextOf(call, `users${select === undefined ? "" : `(${select})`}/$entity`), ...properties].join(",")}}`);
};

function pick(select: string): Record<string, ProfileReader> {
  const picked: Record<string, ProfileReader> = {};
  for (const asked of select.split(",").map((name) => name.trim())) {
    const found = Object.entries(selectable).find(([name]) => name.toLowerCase() === asked.toLowerCase());
    if (!found) throw badRequest(`Could not find a property named '${asked}' on type 'microsoft.graph.user'.`);
    picked[found[0]] = found[1];
  }
  return picked;
}
