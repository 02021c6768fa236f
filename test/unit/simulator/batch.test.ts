import { expect, test } from "vitest";
import { createCaller, immutable } from "./caller.js";

const json = { "Content-Type": "application/json" };
const get = (id: string, url = "/me/mailFolders/inbox") => ({ id, method: "GET", url });

test("parts are answered by id, in any order, each with status, headers and body", async () => {
  const { batch, user } = await createCaller();
  const ids = user.mailbox.deliverMany(Array.from({ length: 20 }, () => ({})));
  const outer = await batch(
    ...ids.map((id, at) => ({ ...get(String(at), `/me/messages/${id}?$select=subject`), headers: { Prefer: immutable } })),
  );
  expect(outer.status).toBe(200);
  const order: string[] = outer.body.responses.map((part: { id: string }) => part.id);
  expect(order).not.toEqual(ids.map((_, at) => String(at)));
  for (const part of outer.body.responses) {
    expect(part).toMatchObject({ status: 200, body: { id: ids[Number(part.id)] } });
    expect(part.headers["Content-Type"]).toContain("application/json");
  }
});

test("the same seed gives the same order, another seed another", async () => {
  const orderOf = async (seed: number) => {
    const { batch } = await createCaller({ seed });
    const outer = await batch(...Array.from({ length: 20 }, (_, at) => get(String(at))));
    return outer.body.responses.map((part: { id: string }) => part.id).join();
  };
  expect(await orderOf(1)).toBe(await orderOf(1));
  expect(await orderOf(1)).not.toBe(await orderOf(2));
});

test("preferences are taken from the part, not from the batch", async () => {
  const { ask, user } = await createCaller();
  const id = user.mailbox.deliver();
  const outer = await ask("/$batch", { method: "POST", prefer: immutable, body: { requests: [get("1", `/me/messages/${id}`)] } });
  expect(outer.body.responses[0].body.id).toBe(user.mailbox.message(id)!.defaultId);
});

test("parts change, move and delete; a part without content has no body", async () => {
  const { batch, user } = await createCaller();
  const [marked, moved, removed] = user.mailbox.deliverMany([{}, {}, {}]);
  const outer = await batch(
    { id: "a", method: "PATCH", url: `/me/messages/${marked}`, headers: json, body: { isRead: true } },
    { id: "b", method: "POST", url: `me/messages/${moved}/move`, headers: json, body: { destinationId: "archive" } },
    { id: "c", method: "DELETE", url: `/me/messages/${removed}` },
  );
  const part = (id: string) => outer.body.responses.find((one: { id: string }) => one.id === id);
  expect([part("a").status, part("b").status, part("c").status]).toEqual([200, 201, 204]);
  expect(part("c")).not.toHaveProperty("body");
  expect(user.mailbox.message(marked!)!.isRead).toBe(true);
  expect(user.mailbox.message(moved!)!.folder).toBe("Archive");
  expect(user.mailbox.message(removed!)!.folder).toBe("Deleted Items");
});

test("a row of parts runs in order, and what depends on a failed part is 424", async () => {
  const { batch, sim, user } = await createCaller();
  const id = user.mailbox.deliver();
  sim.faults.add({ name: "bad", route: "patch", status: 500 });
  const outer = await batch(
    { id: "1", method: "PATCH", url: `/me/messages/${id}`, headers: json, body: { isRead: true } },
    { id: "2", method: "POST", url: `/me/messages/${id}/move`, headers: json, body: { destinationId: "archive" }, dependsOn: ["1"] },
  );
  const statuses = Object.fromEntries(outer.body.responses.map((part: { id: string; status: number }) => [part.id, part.status]));
  expect(statuses).toEqual({ "1": 500, "2": 424 });
  expect(user.mailbox.message(id)!.folder).toBe("Inbox");
});

test("all parts may depend on the same one", async () => {
  const { batch } = await createCaller();
  const outer = await batch(get("1"), { ...get("2"), dependsOn: ["1"] }, { ...get("3"), dependsOn: ["1"] });
  expect(outer.body.responses.map((part: { status: number }) => part.status)).toEqual([200, 200, 200]);
});

test.each([
  ["more than 20 parts", Array.from({ length: 21 }, (_, at) => get(String(at))), "MaximumValueExceeded"],
  ["no part", [], "BadRequest"],
  ["one id twice, in different case", [get("a"), get("A")], "BadRequest"],
  ["an absolute URL", [get("1", "https://graph.microsoft.com/v1.0/me")], "BadRequest"],
  ["a batch in a batch", [{ id: "1", method: "POST", url: "/$batch", headers: json, body: { requests: [] } }], "BadRequest"],
  ["a body without its content type", [{ id: "1", method: "PATCH", url: "/me/messages/x", body: {} }], "BadRequest"],
  ["a dependency on an unknown part", [{ ...get("1"), dependsOn: ["9"] }], "BadRequest"],
  ["two rows side by side", [get("1"), { ...get("2"), dependsOn: ["1"] }, get("3"), { ...get("4"), dependsOn: ["3"] }], "BadRequest"],
  ["an unknown property", [{ ...get("1"), colour: "red" }], "BadRequest"],
])("a batch with %s is refused whole", async (_, requests, code) => {
  const { ask, sim } = await createCaller();
  const reply = await ask("/$batch", { method: "POST", body: { requests } });
  expect(reply.status).toBe(400);
  expect(reply.body.error.code).toBe(code);
  expect(sim.log.count()).toBe(1);
});

test("a batch without its content type is 415, without a token 401", async () => {
  const { ask } = await createCaller();
  const body = { requests: [get("1")] };
  expect((await ask("/$batch", { method: "POST", body, headers: { "content-type": "text/plain" } })).status).toBe(415);
  expect((await ask("/$batch", { method: "POST", body, headers: { authorization: "Bearer x" } })).status).toBe(401);
});

test("an unknown route in a part fails loudly in that part alone", async () => {
  const { batch } = await createCaller();
  const outer = await batch(get("1", "/me/events"), get("2"));
  const statuses = Object.fromEntries(outer.body.responses.map((part: { id: string; status: number }) => [part.id, part.status]));
  expect(statuses).toEqual({ "1": 501, "2": 200 });
});
