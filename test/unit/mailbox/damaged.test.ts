/** What is asked of a message that cannot be read whole, or not found, and when that is no verdict on it. */
import { describe, expect, it } from "vitest";
import type { DamageOptions } from "../../../simulator/index.js";
import { createFolderIds } from "../../../src/mailbox/folder-ids.js";
import { findListed } from "../../../src/mailbox/presence.js";
import { readWithLess } from "../../../src/mailbox/reader.js";
import { reductionOf } from "../../../src/mailbox/reduced.js";
import { setUp } from "../graph/set-up.js";

type Set = Awaited<ReturnType<typeof setUp>>;

const { signal } = new AbortController();
const content = ["body", "preview", "headers"];

async function damaged(damage: DamageOptions = {}) {
  const set = await setUp();
  const id = set.mail.deliver({ subject: "Broken" });
  set.mail.damage(id, damage);
  return { set, id };
}
const look = (set: Set, id: string) => set.inTime(readWithLess(set.client, set.mailbox, { id, content: {}, signal }));

describe("a message that cannot be read is asked for with less", () => {
  it.each<[string, DamageOptions, string, readonly string[], object]>([
    ["without its content", {}, "reduced", content, { subject: "Broken" }],
    ["by its light properties", { properties: ["body", "subject"] }, "reduced", [...content, "envelope"], { isRead: false }],
    ["in vain, when nothing of it can be read", { properties: "all" }, "nothing", [...content, "envelope"], {}],
  ])("%s", async (_, damage, kind, missing, item) => {
    const { set, id } = await damaged(damage);
    const found = await look(set, id);
    expect(found).toMatchObject({ kind, item });
    expect(found.kind !== "unknown" && reductionOf(found.item)).toEqual({ code: "ErrorItemCorrupt", missing });
    expect(set.mailbox.counter).toEqual({ requests: 1, parts: 4 });
  });

  it("and is whole when it is", async () => {
    const { set, id } = await damaged();
    set.mail.repair(id);
    const found = await look(set, id);
    expect(found).toMatchObject({ kind: "whole", item: { body: {} } });
    expect(found.kind === "whole" && reductionOf(found.item)).toBeUndefined();
  });

  it.each<[string, Parameters<Set["sim"]["faults"]["add"]>[0]]>([
    ["its inbox fails", { name: "x", route: "folder", status: 503 }],
    ["the mailbox is not there", { name: "x", route: "message", graphCode: "ResourceNotFound", status: 404 }],
    ["it asks for a pause", { name: "x", route: "message", count: 1, after: 1, status: 429 }],
    ["the whole batch fails", { name: "x", route: "batch", status: 503 }],
    ["the message is not found", { name: "x", route: "message", graphCode: "ErrorItemNotFound", status: 404 }],
  ])("which says nothing of it while %s", async (_, fault) => {
    const { set, id } = await damaged();
    set.sim.faults.add(fault);
    expect(await look(set, id)).toEqual({ kind: "unknown" });
  });

  it("until an abort, whose reason is thrown", async () => {
    const { set, id } = await damaged();
    set.network.fetch = () => new Promise(() => undefined);
    const controller = new AbortController();
    const looking = readWithLess(set.client, set.mailbox, { id, content: {}, signal: controller.signal });
    controller.abort("stop");
    await expect(looking).rejects.toBe("stop");
  });
});

describe("a message that is not found is looked for in its folder", () => {
  const receivedAt = Date.parse("2026-03-01T07:00:00Z");
  const listed = (set: Set, id: string, where: { folder?: string; receivedAt?: number | undefined } = {}) =>
    set.inTime(findListed(set.client, set.mailbox, { id, folder: "inbox", receivedAt, content: {}, ...where }, signal));

  it("by the second in which it was received, and shown with its envelope", async () => {
    const set = await setUp();
    const ids = set.mail.deliverMany([-1_000, 0, 0, 1_000].map((ms, at) => ({ subject: `${at}`, receivedAt: receivedAt + ms })));
    expect(await listed(set, ids[1]!)).toMatchObject({ kind: "listed", item: { subject: "1" }, missing: content });
    expect(await listed(set, ids[3]!)).toEqual({ kind: "absent" });
    expect(await listed(set, ids[3]!, { receivedAt: undefined })).toMatchObject({ kind: "listed" });
    expect(set.sent.every(({ url }) => url.includes("/mailFolders/inbox/messages?"))).toBe(true);
  });

  it("by its light properties where its envelope spoils the listing", async () => {
    const set = await setUp();
    const id = set.mail.deliver({ receivedAt });
    set.mail.damage(id, { properties: "all" });
    expect(await listed(set, id)).toMatchObject({ kind: "listed", missing: [...content, "envelope"] });
  });

  it("and is absent when it is gone, or its folder", async () => {
    const set = await setUp();
    const id = set.mail.deliver({ receivedAt });
    set.mail.remove(id);
    expect(await listed(set, id)).toEqual({ kind: "absent" });
    set.sim.faults.add({ name: "no such folder", route: "messages", graphCode: "ErrorItemNotFound", status: 404 });
    expect(await listed(set, set.mail.deliver({ receivedAt }))).toEqual({ kind: "absent" });
  });

  it.each<[string, Parameters<Set["sim"]["faults"]["add"]>[0]]>([
    ["the listing fails", { name: "x", route: "messages", status: 503 }],
    ["the listing is refused", { name: "x", route: "messages", status: 403 }],
    ["neither folder nor inbox is found", { name: "x", route: ["messages", "folder"], graphCode: "ErrorItemNotFound", status: 404 }],
  ])("and nothing is known while %s", async (_, fault) => {
    const set = await setUp();
    set.sim.faults.add(fault);
    expect(await listed(set, set.mail.deliver({ receivedAt }))).toEqual({ kind: "unknown" });
  });
});

describe("a folder's id", () => {
  const ids = async (known = new Map<string, string>()) => {
    const set = await setUp();
    const folderIdOf = createFolderIds(set.client, set.mailbox, known);
    return { set, of: (folder: string) => set.inTime(folderIdOf(folder, signal)) };
  };

  it("is asked for once", async () => {
    const { set, of } = await ids();
    const message = set.mail.message(set.mail.deliver());
    expect([await of("inbox"), await of("inbox")]).toEqual([message?.folderId, message?.folderId]);
    expect(set.sent).toHaveLength(1);
  });

  it("that is known is not asked for", async () => {
    const { set, of } = await ids(new Map([["inbox", "F"]]));
    expect(await of("inbox")).toBe("F");
    expect(set.sent).toEqual([]);
  });

  it("that could not be had is left alone for a minute", async () => {
    const { set, of } = await ids();
    const heal = set.sim.faults.add({ name: "x", route: "folder", status: 403 });
    expect([await of("inbox"), await of("inbox")]).toEqual([undefined, undefined]);
    expect(set.sent).toHaveLength(1);
    heal();
    await set.clock.advance(60_000);
    expect(await of("inbox")).toMatch(/./);
  });
});
