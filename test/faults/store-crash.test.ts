/** SIGKILL at any moment: every acknowledged commit is there, and no commit is there by half. */
import { expect, it, onTestFinished } from "vitest";
import { lmdbStore } from "../../src/state/lmdb.js";
import { newFolder, startStoreProcess } from "./fixtures/store-process.js";

/** The process is killed within the doubling of each; where in a transaction that is, the operating system decides. */
const rounds = [1, 2, 3, 7, 20, 50, 120, 300, 700, 1_500];

it.each(rounds)("killed some time after commit %i, the store opens and has every acknowledged commit whole", async (round) => {
  const count = round + Math.floor(Math.random() * round);
  const path = await newFolder();
  const writer = await startStoreProcess(path);
  await writer.order("open");
  writer.child.send({ order: "writeForEver" });
  await writer.wait(({ number = 0 }) => number >= count);
  await writer.kill();

  const store = lmdbStore(path);
  await store.open();
  onTestFinished(() => store.close());
  const acknowledged = writer.told.flatMap(({ number }) => number ?? []);
  const found = await store.list({ prefix: ["q"], limit: 100_000 });
  const numbers = new Set(found.flatMap(({ key }) => (typeof key[1] === "number" ? [key[1]] : [])));
  const twins = new Set(found.flatMap(({ key }) => (key[1] === "twin" ? [key[2]] : [])));

  // 20 are under way at once, acknowledged in the order of their transactions.
  expect(acknowledged.length).toBeGreaterThan(count - 20);
  expect(acknowledged.filter((number) => !numbers.has(number))).toEqual([]);
  expect(twins).toEqual(numbers);
  expect(await store.commit({ puts: [{ key: ["q", "after"], value: 1 }] })).toMatchObject({
    version: Math.max(...found.map(({ version }) => version)) + 1,
  });
});
