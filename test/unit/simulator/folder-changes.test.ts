/** Folders that people rename, move, delete and make while a client watches them; and mailboxes in other languages. */
import { expect, test } from "vitest";
import { createSimulator } from "../../../simulator/index.js";
import { address, createCaller, immutable, noChance, signIn } from "./caller.js";

const delta = (id: string) => `/me/mailFolders/${id}/messages/delta`;

async function withCases() {
  const caller = await createCaller();
  const { mailbox } = caller.user;
  const id = mailbox.addFolder("Cases", "inbox");
  return { ...caller, mailbox, id, folder: async (key = id) => (await caller.ask(`/me/mailFolders/${key}`)).body };
}

test("a folder that is renamed or moved keeps its id, its messages and its delta link", async () => {
  const { mailbox, id, round, folder, ask } = await withCases();
  mailbox.deliver({}, id);
  const { link } = await round(delta(id));
  mailbox.renameFolder(id, "Cases 50% / 'old'");
  mailbox.moveFolder(id);
  const late = mailbox.deliver({}, id);
  expect((await round(link)).items.map((item) => item.id)).toEqual([late]);
  const root = await folder("msgfolderroot");
  expect(await folder()).toMatchObject({ displayName: "Cases 50% / 'old'", parentFolderId: root.id, totalItemCount: 2 });
  const name = encodeURIComponent("displayName eq 'cases 50% / ''OLD'''");
  expect((await ask(`/me/mailFolders?$filter=${name}`)).body.value).toMatchObject([{ id }]);
});

test("a folder that is deleted lies in Deleted Items with its messages; there, or by a hard delete, it is gone for good", async () => {
  const { mailbox, id, round, folder, ask } = await withCases();
  const below = mailbox.addFolder("Below", id);
  const message = mailbox.deliver({}, below);
  const { link } = await round(delta(id));
  mailbox.deleteFolder(id);
  const bin = await folder("deleteditems");
  expect(await folder()).toMatchObject({ displayName: "Cases", parentFolderId: bin.id });
  expect(mailbox.message(message)).toMatchObject({ folderId: below });
  mailbox.deleteFolder(mailbox.addFolder("Cases", "inbox"));
  const names = (await ask("/me/mailFolders/deleteditems/childFolders")).body.value.map((one: { displayName: string }) => one.displayName);
  expect(names).toEqual(["Cases", "Cases1"]);

  mailbox.deleteFolder(id);
  expect(mailbox.message(message)).toBeUndefined();
  expect((await ask(link, { prefer: immutable })).body.error.code).toBe("ErrorSyncFolderNotFound");
  expect((await ask(`/me/mailFolders/${below}`)).status).toBe(404);
  const hard = mailbox.addFolder("Hard", "inbox");
  mailbox.deleteFolder(hard, { hard: true });
  expect((await ask(delta(hard))).status).toBe(404);
});

test("what no mailbox allows throws: a name that is taken, a folder below itself, a change of a well-known one", async () => {
  const { mailbox, id } = await withCases();
  const below = mailbox.addFolder("Below", id);
  mailbox.addFolder("Taken", "inbox");
  expect(() => mailbox.renameFolder(id, "taken")).toThrow("already");
  expect(() => mailbox.moveFolder(id, below)).toThrow("below itself");
  expect(() => mailbox.renameFolder("inbox", "In")).toThrow("well-known");
  expect(() => mailbox.deleteFolder("archive")).toThrow("well-known");
});

test("a search folder is listed with a type of its own", async () => {
  const { mailbox, ask } = await withCases();
  mailbox.addSearchFolder("Weekly", "inbox");
  const { value } = (await ask("/me/mailFolders/inbox/childFolders?$select=id,displayName")).body;
  expect(value.map((one: Record<string, unknown>) => [one.displayName, one["@odata.type"]])).toEqual([
    ["Cases", undefined],
    ["Weekly", "#microsoft.graph.mailSearchFolder"],
  ]);
});

test.each([
  ["de", "Posteingang"],
  ["ja", "受信トレイ"],
] as const)("a mailbox opened in %s calls its inbox %s, and well-known names are what they were", async (language, inbox) => {
  const sim = createSimulator({ seed: 7, quirks: noChance });
  const user = sim.addUser({ address, language });
  const token = await signIn(sim, user);
  const asked = await sim.fetch("https://graph.microsoft.com/v1.0/me/mailFolders/inbox", { headers: { authorization: `Bearer ${token}` } });
  expect(await asked.json()).toMatchObject({ displayName: inbox });
});
