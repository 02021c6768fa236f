/** The option `folders`: which texts name a folder is decided here, before anything is asked of Graph. */
import { z } from "zod";
import { wrongFolderName } from "../mailbox/folder-name.js";

const mostFolders = 100;

const name = z
  .string()
  .min(1)
  .superRefine((text, context) => {
    const wrong = wrongFolderName(text);
    if (wrong !== undefined) context.addIssue({ code: "custom", message: wrong, input: text });
  });

const entry = z.union([name, z.strictObject({ folder: name, subtree: z.boolean().optional() })], {
  error: "a well-known name, a path or an id of a folder, or { folder, subtree }",
});

export const foldersSchema = z
  .array(entry)
  .min(1)
  .max(mostFolders)
  .refine((folders) => new Set(folders.map(textOf)).size === folders.length, { error: "a list without repeated folders" });

/** Exchange does not tell names apart by letter case. */
function textOf(one: z.output<typeof entry>): string {
  return (typeof one === "string" ? one : one.folder).toLowerCase();
}
