import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { generateKey, type KeyRing, keyRing, type VaultKey } from "../../../src/auth/key-ring.js";
import { createVault } from "../../../src/auth/vault.js";
import type { VaultRecord } from "../../../src/auth/vault-record.js";
import type { MailError } from "../../../src/base/errors.js";
import { memoryStore } from "../../../src/state/memory.js";
import type { Store } from "../../../src/state/store.js";

const account = "support@contoso.com";
const record: VaultRecord = {
  cache: JSON.stringify({ AccessToken: { one: { secret: "the access token" } }, RefreshToken: {} }),
  homeAccountId: "oid.tid",
  username: account,
  objectId: "oid",
  tenantId: "tid",
  method: "password",
  signedInAt: 1,
  refreshedAt: 2,
  expiresAt: 3,
  scopes: ["https://graph.microsoft.com/Mail.ReadWrite"],
};

async function open(keys: KeyRing = keyRing([{ id: "k1", key: generateKey() }]), store: Store = memoryStore()) {
  await store.open();
  return { store, keys, vault: createVault({ store, keys }) };
}

async function sealedIn(store: Store, name = account): Promise<string> {
  const entry = await store.get(["vault", name]);
  return (entry!.value as { jwe: string }).jwe;
}

async function plant(store: Store, value: unknown, name = account): Promise<void> {
  await store.commit({ puts: [{ key: ["vault", name], value: value as never }] });
}

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "opened",
    (error: MailError) => error.code,
  );

describe("vault", () => {
  it("gives back what was written, under any spelling of the account, and nothing for another", async () => {
    const { vault } = await open();
    const written = await vault.write("Support@Contoso.com", record, null);
    expect(written).toEqual({ ok: true, version: expect.any(Number) });
    expect(await vault.read(account)).toEqual({ record, version: await vault.version(account), keyId: "k1" });
    expect(await vault.read("sales@contoso.com")).toBeUndefined();
    expect(await vault.version("sales@contoso.com")).toBeNull();
  });

  it("keeps nothing of the record in clear", async () => {
    const { vault, store } = await open();
    await vault.write(account, record, null);
    const value = JSON.stringify((await store.get(["vault", account]))?.value);
    expect(value).not.toContain("token");
    const [header] = (await sealedIn(store)).split(".");
    expect(JSON.parse(Buffer.from(header ?? "", "base64url").toString())).toEqual({
      alg: "dir",
      enc: "A256GCM",
      typ: "m365-mail-daemon.vault",
      kid: "k1",
      sub: account,
    });
  });

  it("refuses every single-bit flip of a sealed record's text", async () => {
    const { vault, store } = await open();
    await vault.write(account, record, null);
    const jwe = await sealedIn(store);
    const opened: string[] = [];
    const codes = new Set<string>();
    for (let at = 0; at < jwe.length; at += 1) {
      for (let bit = 0; bit < 8; bit += 1) {
        const flipped = String.fromCharCode(jwe.charCodeAt(at) ^ (1 << bit));
        await plant(store, { format: 1, jwe: jwe.slice(0, at) + flipped + jwe.slice(at + 1) });
        const code = await codeOf(vault.read(account));
        codes.add(code);
        if (code === "opened") opened.push(`character ${at}, bit ${bit}`);
      }
    }
    expect(opened).toEqual([]);
    expect([...codes].sort()).toEqual(["AUTH_VAULT_KEY_UNKNOWN", "AUTH_VAULT_TAMPERED"]);
    // The neighbour that proves the loop could have failed: the text itself opens.
    await plant(store, { format: 1, jwe });
    expect(await codeOf(vault.read(account))).toBe("opened");
  });

  it("refuses a record that was cut off, wherever", async () => {
    const { vault, store } = await open();
    await vault.write(account, record, null);
    const jwe = await sealedIn(store);
    const opened: number[] = [];
    for (let length = 0; length < jwe.length; length += 1) {
      await plant(store, { format: 1, jwe: jwe.slice(0, length) });
      if ((await codeOf(vault.read(account))) !== "AUTH_VAULT_TAMPERED") opened.push(length);
    }
    expect(opened).toEqual([]);
    await plant(store, { format: 1, jwe });
    expect(await codeOf(vault.read(account))).toBe("opened");
  });

  it("refuses a record of another kind that was sealed for the same account", async () => {
    const { vault, store } = await open();
    await vault.write(account, record, null);
    const jwe = await sealedIn(store);
    await store.commit({ puts: [{ key: ["refused-passwords", account], value: { format: 1, jwe } }] });
    expect(await codeOf(vault.refusedPasswords.read(account))).toBe("AUTH_VAULT_TAMPERED");
    expect(await codeOf(vault.read(account))).toBe("opened");
  });

  it("refuses a record that was copied from another account", async () => {
    const { vault, store } = await open();
    await vault.write(account, record, null);
    await plant(store, { format: 1, jwe: await sealedIn(store) }, "sales@contoso.com");
    expect(await codeOf(vault.read("sales@contoso.com"))).toBe("AUTH_VAULT_TAMPERED");
    expect(await codeOf(vault.read(account))).toBe("opened");
  });

  it("tells an unknown key from a wrong one, names the ring's ids, and deletes nothing", async () => {
    const { vault, store } = await open();
    await vault.write(account, record, null);
    const jwe = await sealedIn(store);
    const other = createVault({
      store,
      keys: keyRing([
        { id: "k2", key: generateKey() },
        { id: "k3", key: generateKey() },
      ]),
    });
    const unknown = await other.read(account).catch((error: MailError) => error);
    expect(unknown).toMatchObject({ code: "AUTH_VAULT_KEY_UNKNOWN", message: expect.stringMatching(/"k1".*k2, k3/) });
    const wrong = createVault({ store, keys: keyRing([{ id: "k1", key: generateKey() }]) });
    expect(await codeOf(wrong.read(account))).toBe("AUTH_VAULT_TAMPERED");
    expect(await sealedIn(store)).toBe(jwe);
  });

  it("opens with any key of the ring and seals with the first", async () => {
    const { store, vault, keys } = await open();
    const { version } = (await vault.write(account, record, null)) as { version: number };
    const [old] = await keys.load();
    const ring = keyRing([{ id: "k2", key: generateKey() }, old as VaultKey]);
    const rotated = createVault({ store, keys: ring });
    expect((await rotated.read(account))?.keyId).toBe("k1");
    await rotated.write(account, record, version);
    expect((await rotated.read(account))?.keyId).toBe("k2");
  });

  it("asks the ring again when a record names a key that was added since", async () => {
    const key = randomBytes(32);
    let loads = 0;
    const late: KeyRing = {
      load: () => Promise.resolve(++loads === 1 ? [{ id: "k0", key: randomBytes(32) }] : [{ id: "k1", key }]),
    };
    const { vault, store } = await open(keyRing([{ id: "k1", key }]));
    await vault.write(account, record, null);
    expect(await codeOf(createVault({ store, keys: late }).read(account))).toBe("opened");
  });

  it("asks a ring that failed again, and only then", async () => {
    let loads = 0;
    const keys: KeyRing = {
      load: () => (++loads === 1 ? Promise.reject(new Error("away")) : Promise.resolve([{ id: "k1", key: randomBytes(32) }])),
    };
    const { vault } = await open(keys);
    await expect(vault.ready()).rejects.toThrow("away");
    await vault.ready();
    await vault.ready();
    expect(loads).toBe(2);
  });

  it("answers a conflict without throwing and without writing", async () => {
    const { vault } = await open();
    const { version } = (await vault.write(account, record, null)) as { version: number };
    expect(await vault.write(account, { ...record, objectId: "late" }, null)).toEqual({ ok: false });
    await vault.write(account, { ...record, objectId: "second" }, version);
    expect(await vault.write(account, { ...record, objectId: "late" }, version)).toEqual({ ok: false });
    expect((await vault.read(account))?.record.objectId).toBe("second");
  });

  it("refuses clear text, other shapes and a newer format, each by its code", async () => {
    const { vault, store } = await open();
    for (const value of [record, { format: 1 }, { format: 1, jwe: "" }, { format: 1, jwe: JSON.stringify(record) }, "text", null]) {
      await plant(store, value);
      expect(await codeOf(vault.read(account))).toBe("AUTH_VAULT_TAMPERED");
    }
    await plant(store, { format: 2, jwe: "" });
    expect(await codeOf(vault.read(account))).toBe("AUTH_VAULT_NEWER_FORMAT");
  });

  it("removes a record that does not open", async () => {
    const { vault, store } = await open();
    await plant(store, { format: 1, jwe: "broken" });
    expect(await vault.remove(account)).toBe(true);
    expect(await vault.remove(account)).toBe(false);
    expect(await vault.read(account)).toBeUndefined();
  });
});
