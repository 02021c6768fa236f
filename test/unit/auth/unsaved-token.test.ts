import { expect, it } from "vitest";
import { generateKey, type KeyRing, keyRing } from "../../../src/auth/key-ring.js";
import { rejected } from "../../support/rejection.js";
import { address, setUp } from "./set-up.js";

it("a token that the store has not taken outlives a rotation of the keys, and Entra is not asked for another", async () => {
  const { process, user, store, clock, network, tokenRequests } = await setUp();
  const [old, fresh] = [
    { id: "old", key: generateKey() },
    { id: "fresh", key: generateKey() },
  ];
  let given = [old];
  const ring: KeyRing = { load: () => keyRing(given).load() };
  const { accounts, tokens, vault } = process(ring);
  await accounts.signIn(address, { method: "refreshToken", refreshToken: user.issueRefreshToken() });
  await clock.advance(3_600_000);
  store.broken = true;
  expect((await rejected(tokens.get(), network)).code).toBe("STORE_UNAVAILABLE");
  expect(tokenRequests()).toBe(2);
  store.broken = false;
  given = [fresh, old];
  expect(await accounts.rotateKeys()).toMatchObject({ resealed: 1 });
  const token = await tokens.get();
  expect(tokenRequests()).toBe(2);
  const entry = await vault.read(address);
  expect(entry?.keyId).toBe("fresh");
  expect(entry?.record.cache).toContain(token);
});
