import { randomBytes } from "node:crypto";
import { expect, it } from "vitest";
import type { VaultKey } from "../../../src/auth/key-ring.js";
import { createLoadedKeys } from "../../../src/auth/loaded-keys.js";
import { deferred } from "../../support/deferred.js";

const key = (id: string): VaultKey => ({ id, key: randomBytes(32) });

it("however many ask at once, the ring is asked once", async () => {
  const answer = deferred<readonly VaultKey[]>();
  let loads = 0;
  const keys = createLoadedKeys({
    load() {
      loads += 1;
      return answer.promise;
    },
  });
  const asking = [keys.first(), keys.first(), keys.named("a", "x@y.example"), keys.reload()];
  answer.resolve([key("a")]);
  await Promise.all(asking);
  await keys.first();
  expect(loads).toBe(1);
  await keys.reload();
  expect(loads).toBe(2);
});

it("a ring that cannot be asked again leaves the keys that are there", async () => {
  let away = false;
  const keys = createLoadedKeys({ load: () => (away ? Promise.reject(new Error("away")) : Promise.resolve([key("a")])) });
  const first = await keys.first();
  away = true;
  await expect(keys.named("unknown", "x@y.example")).rejects.toThrow("away");
  await expect(keys.reload()).rejects.toThrow("away");
  expect(await keys.first()).toBe(first);
  expect(await keys.named("a", "x@y.example")).toBe(first);
  away = false;
  await expect(keys.named("unknown", "x@y.example")).rejects.toMatchObject({ code: "AUTH_VAULT_KEY_UNKNOWN" });
});
