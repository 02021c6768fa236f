/**
 * A path of folders as it is configured: display names from the top of the mailbox, or from a well-known folder, with slashes between them.
 *
 * Invariant: a slash inside a name is written `%2F`, a percent sign `%25`; nothing else is escaped.
 */

/** The names on the path, first to last. */
export function folderPath(text: string): readonly string[] {
  return text.split("/").map((name) => name.replace(/%2f/gi, "/").replaceAll("%25", "%"));
}
