import { expect, test } from "vitest";
import type { Fault } from "../../../simulator/index.js";
import { type Caller, createCaller, immutable, type Reply } from "./caller.js";

const inbox = "/me/mailFolders/inbox";
const delta = `${inbox}/messages/delta`;

async function withMail(count: number, fault: Omit<Fault, "name">) {
  const caller = await createCaller();
  caller.user.mailbox.deliverMany(Array.from({ length: count }, () => ({})));
  return { ...caller, off: caller.sim.faults.add({ name: "astray", ...fault }) };
}

const idsOf = ({ body }: Reply): string[] => body.value.map((item: { id: string }) => item.id).sort();

async function follow({ ask }: Pick<Caller, "ask">, count: number, start = delta) {
  const pages: Reply[] = [];
  const links = [start];
  for (let page = 0; page < count; page++) {
    const reply = await ask(links.at(-1) as string, { prefer: `${immutable}, odata.maxpagesize=4` });
    expect(reply.status).toBe(200);
    expect(reply.body).not.toHaveProperty(["@odata.deltaLink"]);
    pages.push(reply);
    links.push(reply.body["@odata.nextLink"]);
  }
  return { pages, links };
}

test("pages larger than a size fail, smaller ones do not, for delta and lists alike", async () => {
  const { ask, sim } = await withMail(30, { pageLargerThan: 20, status: 504 });
  const statusOf = async (path: string, prefer?: string) => (await ask(path, prefer === undefined ? {} : { prefer })).status;
  expect(await statusOf(delta, "odata.maxpagesize=21")).toBe(504);
  expect(await statusOf(delta, "odata.maxpagesize=20")).toBe(200);
  expect(await statusOf(delta)).toBe(200);
  expect(await statusOf(`${inbox}/messages?$top=21`)).toBe(504);
  expect(await statusOf(`${inbox}/messages?$top=20`)).toBe(200);
  expect(await statusOf(`${inbox}/messages?$top=50`, "odata.maxpagesize=5")).toBe(200);
  expect(await statusOf("/me/mailFolders?$top=50")).toBe(200);
  expect(sim.log.entries().filter((entry) => entry.status === 504)).toHaveLength(2);
});

test("a page size fault counts only the pages it is meant for", async () => {
  const { ask } = await withMail(30, { pageLargerThan: 20, status: 504, after: 1, count: 1 });
  const statuses: number[] = [];
  for (const size of [50, 5, 50, 50]) statuses.push((await ask(delta, { prefer: `odata.maxpagesize=${size}` })).status);
  expect(statuses).toEqual([200, 200, 504, 200]);
});

test("a page may lead to itself by one and the same link, until the fault ends", async () => {
  const { off, ...caller } = await withMail(10, { loop: "same-link" });
  const { pages, links } = await follow(caller, 6);
  expect(new Set(links.slice(1)).size).toBe(1);
  expect(new Set(pages.map((page) => idsOf(page).join())).size).toBe(1);
  expect(idsOf(pages[0]!)).toHaveLength(4);
  off();
  expect((await caller.round(links.at(-1))).items).toHaveLength(10);
});

test("a page may lead to its like by ever new links, until the fault ends", async () => {
  const { off, ...caller } = await withMail(10, { loop: "same-content" });
  const { pages, links } = await follow(caller, 6);
  expect(new Set(links).size).toBe(7);
  expect(new Set(pages.map((page) => idsOf(page).join())).size).toBe(1);
  off();
  expect((await caller.round(links.at(-1))).items).toHaveLength(10);
});

test("a loop can begin in the middle of a walk or at a deltaLink, and strikes as often as it says", async () => {
  const { ...caller } = await withMail(10, { loop: "same-content", after: 1, count: 2 });
  const { pages, links } = await follow(caller, 3);
  const [before, ...circle] = pages.map((page) => idsOf(page).join());
  expect(new Set(circle).size).toBe(1);
  expect(circle[0]).not.toBe(before);
  const rest = await caller.round(links.at(-1));
  expect(rest.items).toHaveLength(6);
  const late = caller.user.mailbox.deliver();
  caller.sim.faults.add({ name: "again", loop: "same-link", count: 2 });
  const again = await follow(caller, 2, rest.link);
  expect(again.links).toEqual([rest.link, rest.link, rest.link]);
  expect((await caller.round(rest.link)).items.map((item) => item.id)).toEqual([late]);
});

test("empty pages may go on and on with ever new links, until the fault ends", async () => {
  const { off, ...caller } = await withMail(10, { endless: true });
  const { pages, links } = await follow(caller, 12);
  expect(pages.every((page) => page.body.value.length === 0)).toBe(true);
  expect(new Set(links).size).toBe(13);
  off();
  expect((await caller.round(links.at(-1))).items).toHaveLength(10);
});

test("loops strike delta alone, and no other mailbox", async () => {
  const { ask, sim } = await withMail(30, { loop: "same-link", mailbox: "other@contoso.com" });
  sim.faults.add({ name: "endless", endless: true, count: 1 });
  expect((await ask(`${inbox}/messages`)).body.value).toHaveLength(10);
  expect((await ask(delta)).body.value).toHaveLength(0);
  expect((await ask(delta)).body.value).toHaveLength(10);
});

test("a list page may have no nextLink although more mail exists", async () => {
  const { ask } = await withMail(30, { dropNextLink: true, after: 1, count: 1 });
  const first = await ask(`${inbox}/messages`);
  const second = await ask(first.body["@odata.nextLink"]);
  expect(second.body.value).toHaveLength(10);
  expect(second.body).not.toHaveProperty(["@odata.nextLink"]);
  expect((await ask(first.body["@odata.nextLink"])).body).toHaveProperty(["@odata.nextLink"]);
});
