/**
 * The scopes the app may ask for, and how a scope text is read.
 * Invariant: a granted scope is one of Graph's short names; anything else is AADSTS70011. Knows no token.
 */
import { EntraRefusal } from "./refusal.js";

const openIdScopes = new Set(["openid", "profile", "email", "offline_access"]);

/** Permissions of Microsoft Graph that the simulator knows, by lower-case name. */
const graphScopes = new Map(
  [
    "User.Read",
    "User.ReadBasic.All",
    "Mail.Read",
    "Mail.ReadBasic",
    "Mail.ReadWrite",
    "Mail.Read.Shared",
    "Mail.ReadWrite.Shared",
    "Mail.Send",
    "MailboxSettings.Read",
  ].map((name) => [name.toLowerCase(), name]),
);

/** What the registration lists; `.default` means these. */
const registered = ["User.Read", "User.ReadBasic.All", "Mail.ReadWrite"];

/** What a request's `scope` comes to. */
export interface AskedScope {
  /** Graph's short names, for checking. */
  readonly permissions: readonly string[];
  /** The text Entra answers: as asked, without offline_access. */
  readonly granted: string;
  readonly offline: boolean;
  readonly openId: boolean;
}

/** Reads a scope text; a resource in front must be a Graph host of the cloud. Throws 70011 and 900144. */
export function readScope(text: string | undefined, graphHosts: readonly string[]): AskedScope {
  const words = (text ?? "").split(" ").filter((word) => word !== "");
  if (words.length === 0) throw new EntraRefusal(900144, "'scope'.");
  const permissions = new Set<string>();
  for (const word of words) {
    const name = withoutResource(word, graphHosts).toLowerCase();
    if (openIdScopes.has(name)) continue;
    if (name === ".default") for (const one of registered) permissions.add(one);
    else if (graphScopes.has(name)) permissions.add(graphScopes.get(name) as string);
    else throw new EntraRefusal(70011, `The scope ${word} is not valid.`);
  }
  const asked = new Set(words.map((word) => word.toLowerCase()));
  return {
    permissions: [...permissions],
    granted: words.filter((word) => word.toLowerCase() !== "offline_access").join(" "),
    offline: asked.has("offline_access"),
    openId: asked.has("openid"),
  };
}

/** What is left of it where only these permissions are given; undefined: all of it. */
export function narrowed(scope: AskedScope, given: readonly string[] | undefined): AskedScope {
  if (given === undefined) return scope;
  const openId = scope.granted.split(" ").filter((word) => openIdScopes.has(word.toLowerCase()));
  return { ...scope, permissions: [...given], granted: [...given, ...openId].join(" ") };
}

function withoutResource(word: string, graphHosts: readonly string[]): string {
  const match = /^https:\/\/([^/]+)\/+(.+)$/i.exec(word);
  if (!match) return word;
  const [, host = "", name = ""] = match;
  // Tokens are not interchangeable between clouds, and neither are their resources.
  if (!graphHosts.includes(host.toLowerCase())) throw new EntraRefusal(70011, `The scope ${word} is not valid.`);
  return name;
}
