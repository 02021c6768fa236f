/**
 * Which of Entra's routes a request means. Invariant: what is not known is `unknown`, never guessed. Knows no route's work.
 */
import type { Ask } from "../exchange.js";
import type { RouteName } from "../traffic/route-name.js";

/** A path as read. */
export interface EntraRoute {
  readonly route: RouteName;
  readonly tenant: string;
}

const tails: readonly (readonly [methods: readonly string[], tail: string, route: RouteName])[] = [
  [["POST"], "oauth2/v2.0/token", "token"],
  [["POST"], "oauth2/v2.0/devicecode", "devicecode"],
  [["GET", "POST"], "oauth2/v2.0/authorize", "authorize"],
  [["GET", "POST"], "oauth2/deviceauth", "deviceauth"],
  [["GET"], "v2.0/.well-known/openid-configuration", "discovery"],
];

/** Reads the method and the path. */
export function findEntraRoute({ method, path }: Ask): EntraRoute {
  const [, tenant = "", ...rest] = path.split("/");
  const tail = rest.join("/").toLowerCase();
  const found = tails.find(([methods, known]) => known === tail && methods.includes(method));
  if (found) return { route: found[2], tenant };
  if (method === "GET" && tail === "discovery/instance" && tenant === "common") return { route: "discovery", tenant };
  return { route: "unknown", tenant };
}

/** Routes whose query holds what the log must not keep: state, nonce, names. */
export const privateQueries: ReadonlySet<RouteName> = new Set(["authorize", "deviceauth"]);
