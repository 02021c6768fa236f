/** The names by which faults and the log tell requests apart. Knows no request. */

/** What a request asks for. `unknown` is logged for whatever the simulator does not know and therefore refuses. */
export type RouteName =
  | "token"
  | "discovery"
  | "me"
  | "user"
  | "folders"
  | "folder"
  | "messages"
  | "message"
  | "delta"
  | "patch"
  | "move"
  | "delete"
  | "batch"
  | "unknown";

/** Routes that count against a mailbox's four requests at once; the directory's own do not. */
export const mailboxRoutes: ReadonlySet<RouteName> = new Set([
  "folders",
  "folder",
  "messages",
  "message",
  "delta",
  "patch",
  "move",
  "delete",
  "batch",
]);
