/**
 * Reads a Graph path: which route, whose mailbox, which folder, which message.
 * Invariant: resource names are read without case, ids with it; Graph's spellings of one path give one route. Knows no mailbox.
 */

import { isWellFormedId } from "../mailbox/message-ids.js";
import type { RouteName } from "../traffic/route-name.js";
import { badRequest, type GraphRefusal, malformedId, unknownRoute } from "./refusal.js";

/** A path as read. */
export interface GraphRoute {
  readonly name: RouteName;
  /** Object id or sign-in name; undefined for /me. */
  readonly user: string | undefined;
  readonly folder: string | undefined;
  readonly message: string | undefined;
  /** Set when the path is refused whatever the caller may do. */
  readonly refusal: GraphRefusal | undefined;
}

type Place = Pick<GraphRoute, "user" | "folder" | "message">;

/** Actions of a message, in lower case. */
const messageActions: Readonly<Record<string, RouteName>> = { move: "move", copy: "copy", permanentdelete: "permanentDelete" };

/** Reads the method and the path (without /v1.0). Never throws: a bad path gives route `unknown` with its refusal. */
export function readRoute(method: string, path: string): GraphRoute {
  const segments = segmentsOf(path);
  const place: { -readonly [Key in keyof Place]: Place[Key] } = { user: undefined, folder: undefined, message: undefined };
  const refused = (refusal: GraphRefusal): GraphRoute => ({ name: "unknown", ...place, refusal });
  if (!segments) return refused(badRequest("The request URL is malformed."));
  const found = (name: RouteName): GraphRoute => ({ name, ...place, refusal: undefined });
  const stranger = () => refused(unknownRoute(`${method} ${path}`));
  const foldersRoute = () => (method === "GET" ? found("folders") : method === "POST" ? found("createFolder") : stranger());

  let rest = segments;
  const head = rest[0]?.toLowerCase();
  if (head === "$batch" && rest.length === 1) return method === "POST" ? found("batch") : stranger();
  if (head === "me") rest = rest.slice(1);
  else if (head === "users" && rest.length > 1) {
    place.user = rest[1];
    rest = rest.slice(2);
  } else return stranger();
  if (rest.length === 0) return method === "GET" ? found(place.user === undefined ? "me" : "user") : stranger();

  if (rest[0]?.toLowerCase() === "mailfolders") {
    if (rest.length === 1) return foldersRoute();
    place.folder = rest[1];
    rest = rest.slice(2);
    if (rest.length === 0) return method === "GET" && place.folder?.toLowerCase() !== "delta" ? found("folder") : stranger();
    if (rest.length === 1 && rest[0]?.toLowerCase() === "childfolders") return foldersRoute();
  }
  if (rest[0]?.toLowerCase() !== "messages") return stranger();
  if (rest.length === 1) return method === "GET" ? found("messages") : stranger();
  if (rest.length === 2 && functionName(rest[1]) === "delta") return method === "GET" ? found("delta") : stranger();

  place.message = rest[1];
  // An unencoded "/" inside a default id splits it; Graph then calls what is left malformed.
  if (!isWellFormedId(place.message ?? "")) return refused(malformedId());
  const action = rest.length === 3 ? messageActions[functionName(rest[2])] : undefined;
  if (action) return method === "POST" ? found(action) : stranger();
  if (rest.length > 2) return stranger();
  if (method === "GET") return found("message");
  if (method === "PATCH") return found("patch");
  return method === "DELETE" ? found("delete") : stranger();
}

/** `microsoft.graph.delta()` and its shorter forms are one. */
function functionName(segment = ""): string {
  return segment
    .toLowerCase()
    .replace(/^microsoft\.graph\./, "")
    .replace(/\(\)$/, "");
}

/** Splits and decodes; `name('key')` becomes two segments. Undefined when it cannot be decoded. */
function segmentsOf(path: string): string[] | undefined {
  const segments: string[] = [];
  for (const raw of path.split("/").slice(1)) {
    let decoded: string;
    try {
      decoded = decodeURIComponent(raw);
    } catch {
      return undefined;
    }
    const keyed = decoded.endsWith("')") ? /^(\w+)\('(.+)'\)$/s.exec(decoded) : null;
    if (keyed) segments.push(keyed[1] as string, (keyed[2] as string).replaceAll("''", "'"));
    else segments.push(decoded);
  }
  return segments;
}
