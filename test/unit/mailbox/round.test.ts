import { describe, expect, it } from "vitest";
import type { Cursor } from "../../../src/mailbox/cursor.js";
import { fullSelect, lightSelect } from "../../../src/mailbox/message.js";
import { type FolderPage, fetchPage, type PageRequest } from "../../../src/mailbox/round.js";
import { settle } from "../../support/manual-clock.js";
import { rejected } from "../../support/rejection.js";
import { queue, setUp } from "../graph/set-up.js";

type Set = Awaited<ReturnType<typeof setUp>>;

const begin: Cursor = { select: "full", live: false };

const ask = ({ client, mailbox }: Set, request: Partial<PageRequest> = {}) =>
  fetchPage(client, mailbox, { folder: "inbox", cursor: begin, content: {}, pageSize: 100, ...request });

/** Walks from the cursor to a delta link. */
async function walk(set: Set, request: Partial<PageRequest> = {}): Promise<FolderPage[]> {
  const pages: FolderPage[] = [];
  let cursor = request.cursor ?? begin;
  do {
    const page = await ask(set, { ...request, cursor });
    pages.push(page);
    cursor = { ...cursor, link: page.link };
  } while (cursor.link?.kind !== "delta");
  return pages;
}

describe("the first request of a walk", () => {
  it("asks for the folder's messages with their select and nothing else: no $top, no $filter, no changeType", async () => {
    const set = await setUp();
    await ask(set);
    await ask(set, { cursor: { select: "light", live: false } });
    const base = "https://graph.microsoft.com/v1.0/me/mailFolders/inbox/messages/delta";
    expect(set.sent.map(({ url }) => url)).toEqual([`${base}?$select=${fullSelect()}`, `${base}?$select=${lightSelect}`]);
  });

  it("names another's mailbox and a folder's id as single segments", async () => {
    const set = await setUp();
    set.network.fetch = async () => Response.json({ value: [], "@odata.deltaLink": "https://graph.microsoft.com/v1.0/x" });
    await fetchPage(
      set.client,
      { ...set.mailbox, root: "/users/a%40b.example" },
      { folder: "AQM/k+A=", cursor: begin, content: {}, pageSize: 1 },
    );
    expect(new URL(set.sent[0]!.url).pathname).toBe("/v1.0/users/a%40b.example/mailFolders/AQM%2Fk%2BA%3D/messages/delta");
  });
});

describe("every request of a walk", () => {
  it("prefers immutable ids and the page size, and follows links byte for byte", async () => {
    const set = await setUp();
    const ids = set.mail.deliverMany(Array.from({ length: 7 }, (_, index) => ({ subject: `mail ${index}` })));
    const pages = await walk(set, { pageSize: 3 });
    expect(pages.map(({ items }) => items.length)).toEqual([3, 3, 1]);
    expect(pages.map(({ link }) => link.kind)).toEqual(["next", "next", "delta"]);
    expect(set.sent.map(({ headers }) => headers.get("prefer"))).toEqual(pages.map(() => 'IdType="ImmutableId", odata.maxpagesize=3'));
    expect(set.sent.slice(1).map(({ url }) => url)).toEqual(pages.slice(0, -1).map(({ link }) => link.url));
    expect(pages.flatMap(({ items }) => items.map(({ id }) => id)).toSorted()).toEqual(ids.toSorted());
  });

  it("prefers the form of the body where it brings bodies, and only there", async () => {
    const set = await setUp();
    await ask(set, { content: { body: "text" } });
    await ask(set, { content: { body: "text" }, cursor: { select: "light", live: true } });
    expect(set.sent.map(({ headers }) => headers.get("prefer")?.includes("outlook.body-content-type"))).toEqual([true, false]);
  });

  it("goes on from a stored link whatever the folder and the select are now", async () => {
    const set = await setUp();
    const [first] = await walk(set);
    set.mail.deliver({ subject: "new" });
    const page = await ask(set, { folder: "archive", cursor: { select: "full", live: true, link: first!.link } });
    expect(page.items).toHaveLength(1);
    expect(set.sent.at(-1)?.url).toBe(first!.link.url);
  });
});

describe("a page", () => {
  it("brings with the full select all that a message is made of, and with the light one only ids and dates", async () => {
    const set = await setUp();
    set.mail.deliver({ subject: "Hello", body: { contentType: "html", content: "<p>x</p>" } });
    const full = await ask(set);
    const light = await ask(set, { cursor: { select: "light", live: false } });
    expect(full.items[0]?.properties).toMatchObject({ subject: "Hello", body: { content: "<p>x</p>" } });
    expect(
      Object.keys(light.items[0]!.properties)
        .filter((name) => !name.startsWith("@"))
        .toSorted(),
    ).toEqual(lightSelect.split(",").toSorted());
  });

  it("was answered when the server's Date says, or now by our clock", async () => {
    const set = await setUp();
    const begunAt = set.clock.now();
    expect((await ask(set)).answeredAt).toBe(begunAt);
    const answer = (date: string | undefined) => async () =>
      new Response('{"value":[],"@odata.deltaLink":"https://graph.microsoft.com/v1.0/x"}', { headers: date === undefined ? {} : { date } });
    for (const [date, answeredAt] of [
      ["Sun, 01 Mar 2026 03:00:00 GMT", Date.parse("2026-03-01T03:00:00Z")],
      ["not a date", begunAt],
      [undefined, begunAt],
    ] as const) {
      set.network.fetch = answer(date);
      expect((await ask(set)).answeredAt).toBe(answeredAt);
    }
  });
});

describe("a walk that cannot go on", () => {
  it("because the cursor is dead says so", async () => {
    const set = await setUp();
    const [page] = await walk(set);
    set.mail.forgetSyncStates();
    const error = await rejected(ask(set, { cursor: { select: "full", live: true, link: page!.link } }));
    expect(error).toMatchObject({ code: "SYNC_CURSOR_LOST", serviceCode: "SyncStateNotFound", status: 410 });
  });

  it.each([["ErrorItemNotFound"], ["ErrorFolderNotFound"], ["ErrorSyncFolderNotFound"]])(
    "because there is no such folder (%s) says so, for the operator to see which",
    async (code) => {
      const set = await setUp();
      set.sim.faults.add({ name: "no folder", route: "delta", status: 404, body: { error: { code, message: "x" } } });
      const error = await rejected(ask(set, { folder: "handled" }));
      expect(error).toMatchObject({ code: "SYNC_FOLDER_NOT_FOUND", queue, status: 404, serviceCode: code });
      expect(error.message).toContain("handled");
    },
  );

  it("because of a folder that the simulator does not know is told the same way", async () => {
    const set = await setUp();
    const folder = set.mail.addFolder("Handled");
    expect((await ask(set, { folder })).items).toEqual([]);
    expect((await rejected(ask(set, { folder: folder.replace(/.{6}$/, "AAAAA=") }))).code).toBe("SYNC_FOLDER_NOT_FOUND");
  });

  it("because its page leads nowhere is refused: a plain listing may end so, a round may not", async () => {
    const set = await setUp();
    set.network.fetch = async () => Response.json({ value: [] });
    expect((await rejected(ask(set))).code).toBe("GRAPH_BAD_RESPONSE");
  });

  it("because it was aborted ends with the reason", async () => {
    const set = await setUp();
    set.network.fetch = () => new Promise(() => undefined);
    const controller = new AbortController();
    const page = ask(set, { signal: controller.signal });
    await settle();
    controller.abort("stop");
    await expect(page).rejects.toBe("stop");
  });
});
