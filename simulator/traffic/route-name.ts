/** The names by which faults and the log tell requests apart. Knows no request. */

/** What a request asks for. `authorize` is Entra's sign-in page, asked and filled in; `deviceauth` the page for device codes. `unknown` is logged for whatever the simulator does not know and therefore refuses. */
export type RouteName =
  | "token"
  | "discovery"
  | "devicecode"
  | "deviceauth"
  | "authorize"
  | "me"
  | "user"
  | "folders"
  | "folder"
  | "createFolder"
  | "messages"
  | "message"
  | "delta"
  | "patch"
  | "move"
  | "delete"
  | "copy"
  | "permanentDelete"
  | "batch"
  | "unknown";

/** Entra's own routes. */
export const entraRoutes: ReadonlySet<RouteName> = new Set(["token", "discovery", "devicecode", "deviceauth", "authorize"]);

/** Routes that count against a mailbox's four requests at once; the directory's own do not. */
export const mailboxRoutes: ReadonlySet<RouteName> = new Set([
  "folders",
  "folder",
  "createFolder",
  "messages",
  "message",
  "delta",
  "patch",
  "move",
  "delete",
  "copy",
  "permanentDelete",
  "batch",
]);
