/** Folders found by their path, where they lie later, and all that lie below one; what is asked for it. */
import { expect, test } from "vitest";
import { readFolderName } from "../../../src/mailbox/folder-name.js";
import { type FolderSearch, findFolder, foldersBelow, whereIs } from "../../../src/mailbox/folder-search.js";
import { folderNode } from "../../../src/mailbox/folder-tree.js";
import { rejected } from "../../support/rejection.js";
import { queue, setUp } from "../graph/set-up.js";

async function searching() {
  const set = await setUp();
  const { client, mailbox } = set;
  const ids = new Map<string, string>();
  const askId = async (folder: string) => {
    const { id } = await folderNode(client, mailbox, { folder, name: folder });
    ids.set(folder, id);
    return id;
  };
  const idOf = async (folder: string) => ids.get(folder) ?? askId(folder);
  const search: FolderSearch = { client, mailbox, idOf, askId, urgency: "backlog", signal: new AbortController().signal };
  return {
    ...set,
    search,
    find: (path: string) => findFolder(search, { name: path, path: readFolderName(path) }),
    where: (id: string, path: string) => whereIs(search, id, readFolderName(path)),
    /** How many requests the work takes. */
    async cost(work: () => Promise<unknown>) {
      const before = set.sent.length;
      await work();
      return set.sent.length - before;
    },
  };
}

test("a folder is found among hundreds at its level, page by page, by the very name before one that differs in letter case", async () => {
  const { mail, find, sent } = await searching();
  for (let number = 1; number <= 230; number += 1) mail.addFolder(`Case ${number}`, "inbox");
  // Exchange has no such two; a listing during a rename may show them.
  const [lower, exact] = [mail.addFolder("wanted", "inbox"), mail.addFolder("Wanted", "inbox")];
  expect(await find("inbox/Wanted")).toBe(exact);
  expect(sent).toHaveLength(3);
  expect(await find("inbox/wanted")).toBe(lower);
  expect(await find("inbox/WANTED")).toBe(lower);
});

test("where it lies is known by a request for each part of its path while nothing has changed", async () => {
  const { mail, where, cost } = await searching();
  const below = mail.addFolder("B", mail.addFolder("A", "inbox"));
  const path = "inbox/a/b";
  expect(await where(below, path)).toEqual({ at: "same" });
  expect(await cost(() => where(below, path))).toBe(2);
});

test.each<[string, (mail: Awaited<ReturnType<typeof searching>>["mail"]) => void, object]>([
  ["renamed", (mail) => mail.renameFolder("B", "C / 50%"), { at: "elsewhere", path: "%49nbox/A/C %2F 50%25" }],
  ["in a folder that was renamed", (mail) => mail.renameFolder("A", "Z"), { at: "elsewhere", path: "%49nbox/Z/B" }],
  ["moved to the top", (mail) => mail.moveFolder("B"), { at: "elsewhere", path: "B" }],
  ["moved deeper", (mail) => mail.moveFolder("A", mail.addFolder("X")), { at: "elsewhere", path: "X/A/B" }],
  ["thrown away", (mail) => mail.deleteFolder("B"), { at: "deleted" }],
  ["in a folder that was thrown away", (mail) => mail.deleteFolder("A"), { at: "deleted" }],
  ["deleted for good", (mail) => mail.deleteFolder("A", { hard: true }), { at: "deleted" }],
])("a folder that is %s is seen to be", async (_, change, place) => {
  const { mail, where } = await searching();
  const below = mail.addFolder("B", mail.addFolder("A", "inbox"));
  change(mail);
  expect(await where(below, "inbox/A/B")).toEqual(place);
});

test("what is watched in Deleted Items is not deleted for lying there", async () => {
  const { mail, where } = await searching();
  const id = mail.addFolder("Kept", "deleteditems");
  expect(await where(id, "deleteditems/Kept")).toEqual({ at: "same" });
  mail.renameFolder(id, "Kept still");
  expect(await where(id, "deleteditems/Kept")).toMatchObject({ at: "elsewhere" });
});

test("a tree costs one request for each folder that has others below it", async () => {
  const { mail, search, cost } = await searching();
  for (const name of ["A", "B", "C"]) mail.addFolder(`${name}1`, mail.addFolder(name, "inbox"));
  const id = await search.idOf("inbox");
  await search.idOf("msgfolderroot");
  expect(await cost(() => foldersBelow(search, { folder: "inbox", id, name: "inbox" }))).toBe(4);
  const found = await foldersBelow(search, { folder: "inbox", id, name: "inbox" });
  expect(found.map(({ name }) => name)).toEqual(["inbox/A", "inbox/B", "inbox/C", "inbox/A/A1", "inbox/B/B1", "inbox/C/C1"]);
});

test("a level without folders says so, and no secret of the mailbox but names of folders is in the error", async () => {
  const { find } = await searching();
  const error = await rejected(find("inbox/Nowhere"));
  expect(error).toMatchObject({ code: "SYNC_FOLDER_NOT_FOUND", queue });
  expect(String(error)).toContain('below inbox there is no "Nowhere", but no folder at all.');
});

test("a listing of folders that goes round and round is an error, not a short list", async () => {
  const { network, find } = await searching();
  const again = "https://graph.microsoft.com/v1.0/again";
  network.fetch = async () => Response.json({ value: [{ id: "f", displayName: "F" }], "@odata.nextLink": again });
  expect(await rejected(find("inbox/X"))).toMatchObject({ code: "SYNC_ROUND_LOOPED" });
});
