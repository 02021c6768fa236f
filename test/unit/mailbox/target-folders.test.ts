/** The folders that marks move to: found, made where that is allowed, remembered for a while, and missed with words that help. */
import { describe, expect, it } from "vitest";
import type { Mark } from "../../../src/mailbox/mark.js";
import { applyMarks } from "../../../src/mailbox/marker.js";
import { createTargetFolders } from "../../../src/mailbox/target-folders.js";
import { setUp } from "../graph/set-up.js";

type Target = Pick<Mark, "moveTo" | "createFolder">;

async function createScene() {
  const set = await setUp();
  const targets = createTargetFolders(set.client, set.mailbox);
  return {
    ...set,
    targets,
    /** The id, or the code of why not. */
    idOf: (target: Target) => set.inTime(targets.idOf(target).catch(({ code }) => code)),
    reasonOf: (target: Target): Promise<string> => set.inTime(targets.idOf(target).then(String, ({ message }) => message)),
    requests: () => set.sim.log.entries().map(({ route }) => route),
    folderOf(id: string): string {
      const message = set.mail.deliver({}, id);
      return set.mail.message(message)?.folder ?? "";
    },
  };
}

describe("a folder", () => {
  it("of a well-known name or an id is taken as it is, without a request", async () => {
    const { idOf, mail, requests } = await createScene();
    const id = mail.addFolder("Done");
    expect([await idOf({ moveTo: "archive" }), await idOf({ moveTo: id })]).toEqual(["archive", id]);
    expect(requests()).toEqual([]);
  });

  it("is found by its path, name by name, in any letter case, with what is special to a filter in its name", async () => {
    const { idOf, mail } = await createScene();
    const done = mail.addFolder("Done & dusted");
    const child = mail.addFolder("O'Neill / 100% + ü", done);
    const inInbox = mail.addFolder("Later", "inbox");
    expect(await idOf({ moveTo: "Done & dusted" })).toBe(done);
    expect(await idOf({ moveTo: "DONE & DUSTED/O'Neill %2F 100%25 + ü" })).toBe(child);
    expect(await idOf({ moveTo: "inbox/Later" })).toBe(inInbox);
    expect(await idOf({ moveTo: "Inbox/Later" })).toBe(inInbox);
    expect(await idOf({ moveTo: "Later" })).toBe("SYNC_FOLDER_NOT_FOUND");
  });

  it("that is missing is named as configured, with what to do, and not made unless that is allowed", async () => {
    const { reasonOf, mail, requests } = await createScene();
    mail.addFolder("Done");
    expect(await reasonOf({ moveTo: "Done/2026" })).toBe(
      'There is no folder "Done/2026" in support@contoso.com, as "2026" is not there: the message stays where it is. ' +
        "Make the folder, mend the name, or set `createFolder: true`.",
    );
    expect(requests()).not.toContain("createFolder");
  });

  it("is made where it is missing, each name in turn, and not a second time", async () => {
    const { idOf, folderOf, requests } = await createScene();
    const id = await idOf({ moveTo: "Done/2026/A%2FB", createFolder: true });
    expect(folderOf(id)).toBe("A/B");
    expect(requests().filter((route) => route === "createFolder")).toHaveLength(3);
    expect(await idOf({ moveTo: "Done/2026/A%2FB" })).toBe(id);
    expect(await idOf({ moveTo: "done/2026", createFolder: true })).not.toBe(id);
    expect(requests().filter((route) => route === "createFolder")).toHaveLength(3);
  });

  it.each([
    ["whose making another daemon was faster with", { dropSocket: undefined }],
    ["whose making was answered by nobody", { dropSocket: "after" as const }],
  ])("%s is found all the same", async (_, { dropSocket }) => {
    const { idOf, folderOf, sim, network, mail } = await createScene();
    const { fetch } = network;
    if (dropSocket) sim.faults.add({ name: "lost", route: "createFolder", count: 1, dropSocket });
    else
      network.fetch = async (input, init) => {
        if (String(init?.body).includes("displayName")) {
          network.fetch = fetch;
          mail.addFolder("Done");
        }
        return fetch(input, init);
      };
    const id = await idOf({ moveTo: "Done", createFolder: true });
    expect(id).not.toBe("SYNC_FOLDER_NOT_FOUND");
    expect(folderOf(id)).toBe("Done");
    expect(sim.log.entries({ route: "createFolder" }).map(({ status }) => status)).toContain(409);
  });

  it("whose name is there with its accent written otherwise is that one", async () => {
    const { idOf, mail, sim } = await createScene();
    const id = mail.addFolder("Mu\u0308ller");
    expect(await idOf({ moveTo: "M\u00fcller", createFolder: true })).toBe(id);
    expect(sim.log.entries({ route: "createFolder" }).map(({ status }) => status)).toEqual([409]);
  });

  it("whose name a search folder bears cannot be made, and the reason says so", async () => {
    const { reasonOf, mail } = await createScene();
    mail.addSearchFolder("Unread");
    expect(await reasonOf({ moveTo: "Unread", createFolder: true })).toContain("takes no mail");
  });

  it.each([
    [{ status: 403, graphCode: "ErrorAccessDenied" }, "let the account make folders"],
    [{ status: 403, graphCode: "ErrorQuotaExceeded" }, "Make room in the mailbox"],
    [{ status: 400, graphCode: "ErrorInvalidRequest" }, "Make the folder by hand"],
  ])("that Graph will not make (%j) is missing, with its name and what to do", async (refusal, advice) => {
    const { reasonOf, idOf, sim } = await createScene();
    sim.faults.add({ name: "refused", route: "createFolder", ...refusal });
    const reason = await reasonOf({ moveTo: "Done/2026", createFolder: true });
    for (const part of ['"Done/2026"', "support@contoso.com", refusal.graphCode, advice]) expect(reason).toContain(part);
    expect(await idOf({ moveTo: "Done/2026", createFolder: true })).toBe("SYNC_FOLDER_NOT_FOUND");
  });

  it.each([
    ["folders", { status: 503 }, "GRAPH_UNAVAILABLE"],
    ["createFolder", { status: 503 }, "GRAPH_UNAVAILABLE"],
    ["folders", { status: 403, graphCode: "ErrorAccessDenied" }, "GRAPH_FORBIDDEN"],
  ] as const)("is not called missing while Graph is in trouble with %s (%j)", async (route, fault, code) => {
    const { idOf, sim } = await createScene();
    sim.faults.add({ name: "down", route, ...fault });
    expect(await idOf({ moveTo: "Done", createFolder: true })).toBe(code);
  });

  it("is not called missing while the mailbox itself is not there", async () => {
    const { idOf, sim } = await createScene();
    const gone = { status: 404, graphCode: "ErrorItemNotFound" };
    const mend = sim.faults.add({ name: "no mailbox", route: ["folders", "folder"], ...gone });
    expect(await idOf({ moveTo: "Done", createFolder: true })).toBe("GRAPH_MAILBOX_UNAVAILABLE");
    mend();
    expect(await idOf({ moveTo: "Done" })).toBe("SYNC_FOLDER_NOT_FOUND");
  });
});

describe("what was found", () => {
  it("is remembered for ten minutes, and asked for again then: it may have been renamed", async () => {
    const { idOf, targets, mail, requests, clock } = await createScene();
    const id = mail.addFolder("Done");
    expect([await idOf({ moveTo: "Done" }), await idOf({ moveTo: "Done" })]).toEqual([id, id]);
    expect([requests(), targets.isEmpty]).toEqual([["folders"], false]);
    await clock.advance(600_000);
    expect(targets.isEmpty).toBe(true);
    expect(await idOf({ moveTo: "Done" })).toBe(id);
    expect(requests()).toEqual(["folders", "folders"]);
  });

  it("and what is missing is not remembered", async () => {
    const { idOf, mail, targets } = await createScene();
    expect(await idOf({ moveTo: "Done" })).toBe("SYNC_FOLDER_NOT_FOUND");
    expect(targets.isEmpty).toBe(true);
    const id = mail.addFolder("Done");
    expect(await idOf({ moveTo: "Done" })).toBe(id);
  });

  it.each(["ErrorItemNotFound", "ErrorFolderNotFound", "ErrorMoveCopyFailed"])(
    "is asked for again once a move does not find it (%s)",
    async (graphCode) => {
      const { client, mailbox, inTime, targets, mail, sim, requests } = await createScene();
      mail.addFolder("Done");
      const ids = mail.deliverMany([{}, {}, {}]);
      const mark = (id: string | undefined) =>
        inTime(applyMarks(client, mailbox, [{ id: id!, mark: { moveTo: "Done" } }], { targets })).then(([result]) => result?.done);
      expect(await mark(ids[0])).toBe(true);
      const mend = sim.faults.add({ name: "gone", route: ["move", "folder"], status: 404, graphCode });
      expect(await mark(ids[1])).toBe(false);
      mend();
      expect(await mark(ids[1])).toBe(true);
      expect(requests().filter((route) => route === "folders")).toHaveLength(2);
      expect(await mark(ids[2])).toBe(true);
      expect(requests().filter((route) => route === "folders")).toHaveLength(2);
    },
  );

  it("is shared by all messages of a batch, found or not", async () => {
    const { client, mailbox, inTime, mail, requests } = await createScene();
    const orders = mail.deliverMany(Array.from({ length: 20 }, () => ({}))).map((id) => ({ id, mark: { moveTo: "Nowhere" } }));
    const results = await inTime(applyMarks(client, mailbox, orders));
    expect(results.every(({ done }) => !done)).toBe(true);
    expect(requests()).toEqual(["folders"]);
  });
});
