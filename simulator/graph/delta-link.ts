/**
 * Spells next and delta links.
 * Invariant: whatever the spelling, a link leads to the folder it was made for, and its token is carried whole. Knows no state.
 * Source: delta-query-messages shows other spellings than asked, and even a deltaLink whose query is `$skiptoken`.
 */
import { parseQuery } from "../exchange.js";
import type { Folder } from "../mailbox/folder.js";
import { type GraphCall, ownerContext } from "./call.js";

/** The token a delta request brings; "" when it begins anew. */
export function deltaTokenOf(query: ReadonlyMap<string, string>): string {
  const token = query.get("$deltatoken") ?? query.get("$skiptoken") ?? "";
  // "latest" is for directory resources; for messages it begins an ordinary first round (microsoft-graph-docs 18889).
  return token === "latest" ? "" : token;
}

/** What a delta request goes on from, as far as its query tells. */
export function spelledWalk(query: string): "first" | "next" | "delta" {
  const named = new Map(parseQuery(query));
  if (deltaTokenOf(named) === "") return "first";
  return named.has("$deltatoken") ? "delta" : "next";
}

/** The link for a token. */
export function spellDeltaLink(call: GraphCall, folder: Folder, token: string, done: boolean): string {
  const origin = `https://${call.ask.host}`;
  if (!call.settings.quirks.otherLinkSpelling) return `${origin}${call.ask.path}?${done ? "$deltatoken" : "$skiptoken"}=${token}`;
  const { random, route, directory, grant } = call;
  const named = (route.user === undefined ? grant.account : directory.find(route.user)) ?? grant.account;
  const owner = route.user === undefined ? random.pick(["me", ownerContext(named)]) : ownerContext(named);
  const place = random.pick([`mailfolders('${folder.id}')`, `mailFolders('${folder.id}')`, `mailFolders/${encodeURIComponent(folder.id)}`]);
  const called = random.pick(["delta", "delta()", "microsoft.graph.delta", "microsoft.graph.delta()"]);
  const name = done && random.chance(3 / 4) ? "$deltatoken" : "$skiptoken";
  return `${origin}/v1.0/${owner}/${place}/messages/${called}?${name}=${token}`;
}
