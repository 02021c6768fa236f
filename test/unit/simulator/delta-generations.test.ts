import { expect, test } from "vitest";
import { createCaller } from "./caller.js";

const delta = "/me/mailFolders/inbox/messages/delta";

test("a link older than three generations answers 410 with Graph's words", async () => {
  const { ask } = await createCaller();
  const link = (await ask(delta)).body["@odata.deltaLink"];
  expect((await ask(link)).status).toBe(200);
  expect((await ask(link)).status).toBe(200);
  // Two answers more have made two generations more; the third one pushes it out.
  expect((await ask(link)).status).toBe(200);
  const dead = await ask(link);
  expect(dead.status).toBe(410);
  expect(dead.body.error.code).toBe("SyncStateNotFound");
  expect(dead.body.error.message).toMatch(
    /^The sync state generation is not found; generation=\d+;\[highest=(\d+)\]\[\1\]\[\d+\]\[\d+\]\.$/,
  );
});

test("the newest three links are alive, each for its own place", async () => {
  const { ask, user } = await createCaller();
  user.mailbox.deliverMany(Array.from({ length: 60 }, () => ({})));
  const links = [delta];
  for (let page = 0; page < 3; page++) links.push((await ask(links.at(-1)!)).body["@odata.nextLink"]);
  const [, oldest] = links;
  expect((await ask(oldest!)).body.value).toHaveLength(10);
  expect((await ask(oldest!)).status).toBe(410);
});

test("two walks of one folder kill each other's links, walks of two folders do not", async () => {
  const { ask } = await createCaller();
  const mine = (await ask(delta)).body["@odata.deltaLink"];
  for (let time = 0; time < 5; time++) await ask("/me/mailFolders/archive/messages/delta");
  expect((await ask(mine)).status).toBe(200);
  for (let time = 0; time < 3; time++) await ask(delta);
  expect((await ask(mine)).status).toBe(410);
});

test("a Location with an empty token comes with some 410s and not with others, and begins anew", async () => {
  const { ask, user } = await createCaller();
  user.mailbox.deliver();
  const link = (await ask(delta)).body["@odata.deltaLink"];
  user.mailbox.forgetSyncStates();
  const locations: (string | null)[] = [];
  for (let time = 0; time < 20; time++) locations.push((await ask(link)).headers.get("location"));
  expect(locations).toContain(null);
  const location = locations.find((one) => one !== null)!;
  expect(location).toMatch(/\$deltatoken=$/);
  expect((await ask(location)).body.value).toHaveLength(1);
});

test("forgetting the sync states kills the links of every folder", async () => {
  const { ask, user } = await createCaller();
  const inbox = (await ask(delta)).body["@odata.deltaLink"];
  const archive = (await ask("/me/mailFolders/archive/messages/delta")).body["@odata.deltaLink"];
  user.mailbox.forgetSyncStates();
  expect([(await ask(inbox)).status, (await ask(archive)).status]).toEqual([410, 410]);
});

test("an altered token, or one of another folder, is invalid", async () => {
  const { ask } = await createCaller();
  const link: string = (await ask(delta)).body["@odata.deltaLink"];
  expect((await ask(link.slice(0, -1))).body.error.code).toBe("SyncStateInvalid");
  expect((await ask(link.replace("inbox", "archive"))).body.error.code).toBe("SyncStateInvalid");
  expect((await ask(link)).status).toBe(200);
});

test("parameters are encoded in the token and must not be repeated", async () => {
  const { ask } = await createCaller();
  const link = (await ask(`${delta}?$select=subject`)).body["@odata.deltaLink"];
  expect((await ask(`${link}&$select=subject`)).body.error.code).toBe("ErrorInvalidUrlQuery");
});
