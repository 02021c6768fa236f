import { expect, test } from "vitest";
import { address, createCaller, graphOrigin, immutable, noChance, postToken, readReply, signIn } from "./caller.js";

const delta = "/me/mailFolders/inbox/messages/delta";

async function recreated(options?: Parameters<Awaited<ReturnType<typeof createCaller>>["user"]["recreateMailbox"]>[0]) {
  const caller = await createCaller();
  const { sim, user } = caller;
  const kept = user.mailbox.deliver({
    subject: "Kept",
    receivedAt: 1_700_000_000_000,
    conversationId: "A",
    body: { contentType: "text", content: "words" },
  });
  user.mailbox.update(kept, { isRead: true, categories: ["Done"], flagged: true });
  user.mailbox.deliverMany([{ subject: "Kept too", conversationId: "A" }], user.mailbox.addFolder("Team", "archive"));
  user.mailbox.deliver({ subject: "Lost" });
  const before = { objectId: user.objectId, messages: user.mailbox.messages(), handle: user.mailbox };
  const inboxId = (await caller.ask("/me/mailFolders/inbox?$select=id")).body.id;
  const { link } = await caller.round();
  const refreshToken = user.issueRefreshToken();
  user.recreateMailbox(options);
  const askAnew = async (path: string, token?: string) => {
    const authorization = `Bearer ${token ?? (await signIn(sim, user))}`;
    return readReply(
      await sim.fetch(path.startsWith("https:") ? path : `${graphOrigin}/v1.0${path}`, { headers: { authorization, prefer: immutable } }),
    );
  };
  return { ...caller, before, inboxId, link, refreshToken, askAnew };
}

test("the user made anew has another object id, which only a new sign-in tells", async () => {
  const { ask, askAnew, sim, user, before, refreshToken } = await recreated();
  const refused = await ask("/me");
  expect([refused.status, refused.body.error.code]).toEqual([401, "InvalidAuthenticationToken"]);
  const spent = await postToken(sim, { grant_type: "refresh_token", refresh_token: refreshToken });
  expect(spent.body).toMatchObject({ error: "invalid_grant", error_codes: [50173] });
  expect(user.objectId).not.toBe(before.objectId);
  expect((await askAnew("/me")).body).toMatchObject({ id: user.objectId, mail: address });
  expect((await askAnew(`/users/${user.objectId}`)).status).toBe(200);
  expect((await askAnew(`/users/${before.objectId}`)).status).toBe(404);
});

test("nothing of the old mailbox is in the new one unless it is kept", async () => {
  const { askAnew, before, inboxId, sim, user } = await recreated();
  expect(user.mailbox.messages()).toEqual([]);
  expect(before.handle.messages()).toEqual([]);
  expect(sim.mailbox(address).messages()).toEqual([]);
  const inbox = (await askAnew("/me/mailFolders/inbox")).body;
  expect(inbox).toMatchObject({ totalItemCount: 0 });
  expect(inbox.id).not.toBe(inboxId);
  expect((await askAnew(`/me/mailFolders/${inboxId}`)).status).toBe(404);
  expect((await askAnew(`/me/messages/${before.messages[0]!.id}`)).body.error.code).toBe("ErrorItemNotFound");
  const id = before.handle.deliver();
  expect((await askAnew(`/me/messages/${id}`)).status).toBe(200);
});

test("what is kept is the same mail in the same folders under new ids, told by delta as arrived", async () => {
  const { askAnew, before, user } = await recreated({ keep: ({ subject }) => subject.startsWith("Kept") });
  const same = ({ subject, folder, isRead, categories, flagged, receivedAt, internetMessageId }: (typeof before.messages)[number]) => {
    return { subject, folder, isRead, categories, flagged, receivedAt, internetMessageId };
  };
  const old = before.messages.filter(({ subject }) => subject !== "Lost");
  const restored = user.mailbox.messages();
  expect(restored.map(same)).toEqual(old.map(same));
  for (const part of ["id", "defaultId", "folderId"] as const) {
    expect(restored.map((message) => message[part]).filter((id) => before.messages.some((message) => message[part] === id))).toEqual([]);
  }
  expect(restored[0]!.conversationId).toBe(restored[1]!.conversationId);
  expect(restored[0]!.conversationId).not.toBe(old[0]!.conversationId);
  const shown = (await askAnew(delta)).body.value;
  expect(shown).toMatchObject([{ subject: "Kept", isRead: true, categories: ["Done"], flag: { flagStatus: "flagged" } }]);
  expect(shown[0].body.content).toContain("words");
});

test("links of the old mailbox are dead, and the new one counts its own", async () => {
  const { askAnew, link } = await recreated();
  const dead = await askAnew(link);
  expect([dead.status, dead.body.error.code]).toEqual([400, "SyncStateInvalid"]);
  const alive = (await askAnew(delta)).body["@odata.deltaLink"];
  expect((await askAnew(alive)).status).toBe(200);
});

test("a mailbox can be made anew again and again, each time another one", async () => {
  const { sim, user, before } = await recreated();
  const seen = new Set([before.objectId]);
  for (let time = 0; time < 3; time++) {
    seen.add(sim.user(address).objectId);
    user.recreateMailbox({ keep: () => true });
  }
  expect(seen.size).toBe(4);
});

test("a shared mailbox made anew is told by its new id, while the token of the one let in lives", async () => {
  const caller = await createCaller({ quirks: noChance });
  const shared = caller.sim.addUser({ address: "shared@contoso.com" });
  shared.grantAccess(address);
  const token = await signIn(caller.sim, caller.user, "User.Read User.ReadBasic.All Mail.ReadWrite Mail.ReadWrite.Shared");
  const ask = async (path: string) =>
    readReply(await caller.sim.fetch(`${graphOrigin}/v1.0${path}`, { headers: { authorization: `Bearer ${token}` } }));
  const before = (await ask("/users/shared@contoso.com?$select=id")).body.id;
  shared.recreateMailbox();
  const after = (await ask("/users/shared@contoso.com?$select=id")).body.id;
  expect(after).toBe(shared.objectId);
  expect(after).not.toBe(before);
  expect((await ask("/users/shared@contoso.com/mailFolders/inbox")).status).toBe(200);
  shared.recreateMailbox({ keepSharing: false });
  expect((await ask("/users/shared@contoso.com/mailFolders/inbox")).body.error.code).toBe("ErrorAccessDenied");
});
