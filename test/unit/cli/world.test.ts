/** A store is Microsoft's or a simulator's: whichever came first, the other is refused and finds nothing changed. */
import { expect, it, test } from "vitest";
import { storeOfWorld } from "../../../src/cli/world.js";
import { memoryStore } from "../../../src/state/memory.js";
import type { Key } from "../../../src/state/store.js";

const queue = "Support@contoso.com";
const refused = (found: string) =>
  expect.objectContaining({ code: "CONFIG_INVALID", message: expect.stringContaining(`was used with ${found}`) });

test.each([
  ["simulator", "microsoft", "a simulator"],
  ["microsoft", "simulator", "Microsoft 365"],
] as const)("what was opened for %s, with nobody signed in, does not open for %s", async (first, other, named) => {
  const store = memoryStore();
  const opened = storeOfWorld(store, first, [queue]);
  await opened.open();
  await opened.close();
  await expect(storeOfWorld(store, other, [queue]).open()).rejects.toEqual(refused(named));
  await opened.open();
});

test.each<[string, Key]>([
  ["tokens", ["vault", "support@contoso.com"]],
  ["a daemon that owns it", ["daemon", "owner"]],
  ["what a daemon has kept of a queue", ["support@contoso.com", "epoch"]],
])("one that holds %s and was never opened by the command line is Microsoft's", async (_, key) => {
  const store = memoryStore();
  await store.open();
  await store.commit({ puts: [{ key, value: 1 }] });
  await expect(storeOfWorld(store, "simulator", [queue]).open()).rejects.toEqual(refused("Microsoft 365"));
  await store.open();
  await storeOfWorld(store, "microsoft", [queue]).open();
});

it("an empty one opens for either", async () => {
  for (const world of ["microsoft", "simulator"] as const) await storeOfWorld(memoryStore(), world, [queue]).open();
});
