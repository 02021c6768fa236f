import { describe, expect, it } from "vitest";
import { generateKey, type KeyRing, keyRing, type VaultKey } from "../../../src/auth/key-ring.js";
import { rejected } from "../../support/rejection.js";
import { address, password, setUp } from "./set-up.js";

/** A ring whose keys a test changes while it is in use. */
function changing(...first: VaultKey[]): KeyRing & { keys: VaultKey[] } {
  const ring = { keys: first, load: () => Promise.resolve([...ring.keys]) };
  return ring;
}

const key = async (id: string): Promise<VaultKey> => (await keyRing([{ id, key: generateKey() }]).load())[0] as VaultKey;

describe("rotating the keys", () => {
  it("seals every record with the new first key, online, and the old key can go", async () => {
    const { process, simulator, store } = await setUp();
    const old = await key("old");
    const ring = changing(old);
    const { accounts, vault } = process(ring);
    const addresses = Array.from({ length: 25 }, (_, number) => `queue${number}@contoso.com`);
    for (const one of addresses) {
      accounts.add({ address: one });
      await accounts.signIn(one, { method: "refreshToken", refreshToken: simulator.addUser({ address: one }).issueRefreshToken() });
    }
    await rejected(accounts.signIn(address, { method: "password", password: "wrong horse battery" }));
    const fresh = await key("fresh");
    ring.keys = [fresh, old];
    expect(await accounts.rotateKeys()).toEqual({ resealed: 25, current: 0, failed: [] });
    expect(await accounts.rotateKeys()).toEqual({ resealed: 0, current: 25, failed: [] });

    const next = process(changing(fresh));
    for (const one of addresses) {
      expect((await next.vault.read(one))?.keyId).toBe("fresh");
      next.accounts.add({ address: one });
      expect(await next.accounts.tokens(one).get()).toBe(await accounts.tokens(one).get());
    }
    // What was refused is known under the new key too.
    expect((await rejected(next.accounts.signIn(address, { method: "password", password: "wrong horse battery" }))).message).toContain(
      "not tried again",
    );
    expect((await store.list({ prefix: ["refused-passwords"], limit: 10 })).length).toBe(1);
    expect((await vault.read(addresses[0] ?? ""))?.keyId).toBe("fresh");
  });

  it("names what does not open, leaves it as it is, and goes on with the rest", async () => {
    const { process, user, store } = await setUp();
    const [lost, old, fresh] = [await key("lost"), await key("old"), await key("fresh")];
    const first = process(changing(lost));
    first.accounts.add({ address: "other@contoso.com" });
    await first.vault.write("other@contoso.com", await recordOf(process, user.issueRefreshToken()), null);
    const ring = changing(old);
    const { accounts } = process(ring);
    await accounts.signIn(address, { method: "refreshToken", refreshToken: user.issueRefreshToken() });
    await store.commit({ puts: [{ key: ["vault", "broken@contoso.com"], value: { format: 1, jwe: "broken" } }] });
    const before = await store.get(["vault", "other@contoso.com"]);
    ring.keys = [fresh, old];
    expect(await accounts.rotateKeys()).toMatchObject({
      resealed: 1,
      current: 0,
      failed: [
        { account: "broken@contoso.com", code: "AUTH_VAULT_TAMPERED" },
        { account: "other@contoso.com", code: "AUTH_VAULT_KEY_UNKNOWN", reason: expect.stringContaining('"lost"') },
      ],
    });
    expect(await store.get(["vault", "other@contoso.com"])).toEqual(before);
  });

  it("loses to nobody and overwrites nobody: a renewal under way keeps its token, an older seal does not come back", async () => {
    const { process, user, network, clock } = await setUp();
    const [old, fresh] = [await key("old"), await key("fresh")];
    const ring = changing(old);
    const { accounts, tokens, vault } = process(ring);
    await accounts.signIn(address, { method: "refreshToken", refreshToken: user.issueRefreshToken() });
    await clock.advance(3_600_000);
    const answer = network.holdNextAnswer();
    const renewing = tokens.get();
    await answer.held;
    ring.keys = [fresh, old];
    expect(await accounts.rotateKeys()).toMatchObject({ resealed: 1 });
    answer.release();
    const token = await renewing;
    const entry = await vault.read(address);
    expect(entry?.keyId).toBe("fresh");
    expect(entry?.record.cache).toContain(token);
  });

  it("is no news of a sign-in: who waits for one goes on waiting, and Entra is not asked", async () => {
    const { process, user, network, clock, tokenRequests } = await setUp();
    const [old, fresh] = [await key("old"), await key("fresh")];
    const ring = changing(old);
    const { accounts, tokens, names } = process(ring);
    await accounts.signIn(address, { method: "refreshToken", refreshToken: user.issueRefreshToken() });
    user.revokeSessions();
    await clock.advance(3_600_000);
    await rejected(tokens.get(), network);
    const asked = tokenRequests();
    ring.keys = [fresh, old];
    await accounts.rotateKeys();
    await rejected(tokens.get(), network);
    expect(tokenRequests()).toBe(asked);
    expect(names()).toEqual(["queue:signed-in", "queue:sign-in-required"]);
  });

  it("by another process is no news either, once Entra has refused the record", async () => {
    const { process, user, network, clock, tokenRequests } = await setUp();
    const [old, fresh] = [await key("old"), await key("fresh")];
    const { accounts, tokens, names } = process(changing(old, fresh));
    await accounts.signIn(address, { method: "refreshToken", refreshToken: user.issueRefreshToken() });
    user.revokeSessions();
    await clock.advance(3_600_000);
    const error = await rejected(tokens.get(), network);
    const asked = tokenRequests();
    expect(await process(changing(fresh, old)).accounts.rotateKeys()).toMatchObject({ resealed: 1 });
    await tokens.watchForSignIn();
    expect(await rejected(tokens.get(), network)).toBe(error);
    expect(tokenRequests()).toBe(asked);
    expect(names()).toEqual(["queue:signed-in", "queue:sign-in-required"]);
    expect(tokens.state()).toMatchObject({ state: "waiting-for-sign-in", error });
  });

  it("with a ring that cannot be loaded changes nothing", async () => {
    const { process, user } = await setUp();
    const ring = changing(await key("old"));
    const { accounts, tokens } = process(ring);
    await accounts.signIn(address, { method: "refreshToken", refreshToken: user.issueRefreshToken() });
    ring.load = () => Promise.reject(new Error("away"));
    await expect(accounts.rotateKeys()).rejects.toThrow("away");
    expect(await tokens.get()).toBeTypeOf("string");
  });
});

/** A record as a sign-in makes it, for planting. */
async function recordOf(process: Awaited<ReturnType<typeof setUp>>["process"], refreshToken: string) {
  const { accounts, vault } = process();
  await accounts.signIn(address, { method: "refreshToken", refreshToken });
  const entry = await vault.read(address);
  await vault.remove(address);
  if (!entry) throw new Error("The sign-in left no record.");
  return entry.record;
}

it("a password is a secret that no record shows", async () => {
  const { process, store, network } = await setUp();
  await rejected(process().accounts.signIn(address, { method: "password", password: "wrong horse battery" }), network);
  const [kept] = await store.list({ prefix: ["refused-passwords"], limit: 10 });
  expect(Object.keys(kept?.value as object)).toEqual(["format", "jwe"]);
  expect(JSON.stringify(kept?.value)).not.toContain(password);
});
