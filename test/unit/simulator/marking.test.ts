/** What marks need of Graph beside changes and moves: deleting for good, copies, and folders that are made. */
import { describe, expect, test } from "vitest";
import { createSimulator } from "../../../simulator/index.js";
import { type Caller, createCaller, immutable, readReply, signIn } from "./caller.js";

const prefer = immutable;
const post = (ask: Caller["ask"], path: string, body: unknown = {}) => ask(path, { method: "POST", prefer, body });

describe("permanentDelete", () => {
  test("removes a message from wherever it lies to where no client reaches it, and delta shows it as removed", async () => {
    const { ask, round, user } = await createCaller();
    const id = user.mailbox.deliver();
    const { link } = await round();
    expect((await ask(`/me/messages/${id}/permanentDelete`, { method: "POST" })).status).toBe(204);
    expect([user.mailbox.message(id), user.mailbox.purged()]).toEqual([undefined, [id]]);
    expect((await ask(`/me/messages/${id}`)).body.error.code).toBe("ErrorItemNotFound");
    expect((await round(link)).items).toMatchObject([{ id, "@removed": { reason: "deleted" } }]);
  });

  test("of one that is not there is 404, and 403 by an immutable id", async () => {
    const { ask, user } = await createCaller();
    const id = user.mailbox.deliver();
    const { defaultId } = user.mailbox.message(id)!;
    await post(ask, `/me/messages/${id}/permanentDelete`);
    const again = await post(ask, `/me/messages/${id}/microsoft.graph.permanentDelete`);
    expect([again.status, again.body.error.code]).toEqual([403, "ErrorCannotDeleteObject"]);
    expect((await post(ask, `/me/messages/${encodeURIComponent(defaultId)}/permanentDelete`)).status).toBe(404);
    expect(user.mailbox.purged()).toEqual([id]);
  });

  test.each([
    ["login.microsoftonline.us", "graph.microsoft.us"],
    ["login.partner.microsoftonline.cn", "microsoftgraph.chinacloudapi.cn"],
  ])("is not known to the cloud that signs in at %s", async (authority, host) => {
    const sim = createSimulator({ seed: 7 });
    const user = sim.addUser({ address: "support@contoso.com" });
    const id = user.mailbox.deliver();
    const token = await sim.fetch(`https://${authority}/${sim.tenantId}/oauth2/v2.0/token`, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams({
        client_id: sim.clientId,
        grant_type: "refresh_token",
        refresh_token: user.issueRefreshToken(),
        scope: `https://${host}/Mail.ReadWrite`,
      }).toString(),
    });
    const { access_token } = (await token.json()) as { access_token: string };
    const refused = await readReply(
      await sim.fetch(`https://${host}/v1.0/me/messages/${id}/permanentDelete`, {
        method: "POST",
        headers: { authorization: `Bearer ${access_token}` },
      }),
    );
    expect([refused.status, refused.body.error.code]).toEqual([400, "BadRequest"]);
    expect(user.mailbox.message(id)?.folder).toBe("Inbox");
  });
});

describe("a copy", () => {
  test("is the same mail under ids of its own, and the original stays", async () => {
    const { ask, user } = await createCaller();
    const id = user.mailbox.deliver({ categories: ["Blue"], isRead: true });
    const copied = await post(ask, `/me/messages/${id}/copy`, { destinationId: "archive" });
    expect(copied.status).toBe(201);
    expect(copied.body.id).not.toBe(id);
    const { internetMessageId } = user.mailbox.message(id)!;
    expect(user.mailbox.message(copied.body.id)).toMatchObject({
      folder: "Archive",
      internetMessageId,
      categories: ["Blue"],
      isRead: true,
    });
    expect(user.mailbox.message(id)?.folder).toBe("Inbox");
    await ask(`/me/messages/${copied.body.id}`, { method: "PATCH", prefer, body: { categories: ["Red"] } });
    expect(user.mailbox.message(id)?.categories).toEqual(["Blue"]);
  });
});

describe("a new folder", () => {
  test("is made at the top level or in another, with 201", async () => {
    const { ask, user } = await createCaller();
    const made = await post(ask, "/me/mailFolders", { displayName: "Done" });
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({ displayName: "Done", totalItemCount: 0, isHidden: false });
    const child = await post(ask, `/me/mailFolders/${made.body.id}/childFolders`, { displayName: "50% / 2026" });
    expect(child.body).toMatchObject({ displayName: "50% / 2026", parentFolderId: made.body.id });
    const filter = encodeURIComponent("displayName eq '50% / 2026'");
    expect((await ask(`/me/mailFolders/${made.body.id}/childFolders?$filter=${filter}`)).body.value).toMatchObject([{ id: child.body.id }]);
    const id = user.mailbox.deliver();
    await post(ask, `/me/messages/${id}/move`, { destinationId: child.body.id });
    expect(user.mailbox.message(id)?.folder).toBe("50% / 2026");
  });

  test.each([
    ["of a name that is there, in any letter case", { displayName: "ARCHIVE" }, 409, "ErrorFolderExists"],
    ["without a name", {}, 400, "BadRequest"],
    ["with an empty name", { displayName: " " }, 400, "BadRequest"],
    ["with a property that the simulator does not know", { displayName: "A", colour: "red" }, 501, "SimulatorUnknownParameter"],
  ])("%s is refused", async (_, body, status, code) => {
    const { ask } = await createCaller();
    const refused = await post(ask, "/me/mailFolders", body);
    expect([refused.status, refused.body.error.code]).toEqual([status, code]);
  });

  test("of one name may lie in several folders", async () => {
    const { ask } = await createCaller();
    for (const parent of ["inbox", "archive"])
      expect((await post(ask, `/me/mailFolders/${parent}/childFolders`, { displayName: "Done" })).status).toBe(201);
  });

  test("is refused to who may only read, in a full mailbox, and in a parent that is not there", async () => {
    const { ask, sim, user } = await createCaller();
    const token = await signIn(sim, user, "openid offline_access Mail.Read");
    const refused = await ask("/me/mailFolders", {
      method: "POST",
      body: { displayName: "Done" },
      headers: { authorization: `Bearer ${token}` },
    });
    expect([refused.status, refused.body.error.code]).toEqual([403, "ErrorAccessDenied"]);
    user.mailbox.setFull(true);
    expect((await post(ask, "/me/mailFolders", { displayName: "Done" })).body.error.code).toBe("ErrorQuotaExceeded");
    user.mailbox.setFull(false);
    const { id } = (await post(ask, "/me/mailFolders", { displayName: "Done" })).body;
    const stranger = `${String(id).slice(0, -8)}AAAAAAA=`;
    expect((await post(ask, `/me/mailFolders/${stranger}/childFolders`, { displayName: "A" })).status).toBe(404);
  });
});
