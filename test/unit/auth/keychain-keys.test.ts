/** Keys in the keychain: what is told apart, what is never written, and that no message repeats what is kept. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { generateKey } from "../../../src/auth/key-ring.js";
import { type KeychainOptions, keychainKeys, keychainKeysOn } from "../../../src/auth/keychain-keys.js";
import { rejected } from "../../support/rejection.js";
import { coded, noBusText, noKeyringText, played } from "./keychain-play.js";

const [first, second] = [generateKey(), generateKey()];
const secrets = [first, second].flatMap((key) => [key, key.slice(4, 24)]);

/** Where temporary folders of the code under test go, and the files of the played Windows. */
let folder: string;
const savedFolder = process.env.TMPDIR;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "keychain-"));
  process.env.TMPDIR = join(folder, "tmp");
  mkdirSync(process.env.TMPDIR);
});
afterEach(() => {
  if (savedFolder === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = savedFolder;
  rmSync(folder, { recursive: true });
});

const on = (platform: NodeJS.Platform, options?: KeychainOptions) => {
  const play = played(platform);
  return { ...play, keys: keychainKeysOn(play.machine, options) };
};

describe.each(["linux", "darwin"] as const)("the keychain of %s", (platform) => {
  const kind = platform === "linux" ? "libsecret" : "keychain";

  it("gives back what was saved, in its order, as text that a person can read", async () => {
    const { keys, entries } = on(platform);
    await keys.save([
      { id: "new", key: first },
      { id: "old", key: Buffer.from(second, "base64") },
    ]);
    expect(entries).toEqual(new Map([[`${kind} m365-mail-daemon/vault-keys`, `new:${first}\nold:${second}\n`]]));
    expect((await keys.load()).map(({ id, key }) => [id, Buffer.from(key).toString("base64")])).toEqual([
      ["new", first],
      ["old", second],
    ]);
  });

  it("keeps one entry for each service and account", async () => {
    const { machine, entries } = played(platform);
    await keychainKeysOn(machine, { service: "mail", account: "one@contoso.com" }).save([{ id: "a", key: first }]);
    const other = keychainKeysOn(machine, { service: "mail", account: "two@contoso.com" });
    expect((await rejected(other.load())).code).toBe("AUTH_VAULT_KEY_MISSING");
    expect([...entries.keys()]).toEqual([`${kind} mail/one@contoso.com`]);
  });

  it("is not written to by a load that finds keys: two daemons that start together do not meet", async () => {
    const { keys, calls } = on(platform);
    await keys.save([{ id: "a", key: first }]);
    calls.length = 0;
    await keys.load();
    expect(calls).toEqual([]);
  });

  it("that is locked is told from one that is empty", async () => {
    const { keys, trouble, calls } = on(platform);
    const empty = await rejected(keys.load());
    expect(empty).toMatchObject({ code: "AUTH_VAULT_KEY_MISSING", who: "developer", message: expect.stringContaining("no vault key") });
    expect(empty.remedy).toContain("keychainKeys().save(");
    expect(calls).toEqual(["verify"]);

    trouble.locked = true;
    const locked = await rejected(keys.load());
    expect(locked).toMatchObject({ code: "AUTH_VAULT_KEY_LOCKED", who: "developer", message: expect.stringContaining("is locked") });
    expect(locked.remedy).toContain("Unlock");
  });

  it("that is locked keeps the keys that it holds, and says so to a save", async () => {
    const { keys, trouble } = on(platform);
    await keys.save([{ id: "a", key: first }]);
    trouble.locked = true;
    expect((await rejected(keys.load(), { secrets })).code).toBe("AUTH_VAULT_KEY_LOCKED");
    expect((await rejected(keys.save([{ id: "b", key: second }]), { secrets })).code).toBe("AUTH_VAULT_KEY_LOCKED");
    trouble.locked = false;
    expect((await keys.load()).map(({ id }) => id)).toEqual(["a"]);
  });

  it("that is unlocked while it is looked into gives its keys", async () => {
    const { keys, trouble, machine } = on(platform);
    await keys.save([{ id: "a", key: first }]);
    trouble.locked = true;
    const library = machine.library();
    const entry = platform === "linux" ? library.LibSecretPersistence : library.KeychainPersistence;
    const { create } = entry;
    entry.create = async (...parameters) => ({
      ...(await create(...parameters)),
      async verifyPersistence() {
        trouble.locked = false;
        return true;
      },
    });
    expect((await keys.load()).map(({ id }) => id)).toEqual(["a"]);
  });

  it("leaves no file behind, whether it answers or not", async () => {
    const { keys, trouble } = on(platform);
    await keys.save([{ id: "a", key: first }]);
    await keys.load();
    trouble.locked = true;
    await rejected(keys.load());
    expect(readdirSync(tmpdir())).toEqual([]);
  });
});

describe("a keychain in trouble", () => {
  it.each([
    ["no D-Bus at the load", { load: new Error(noBusText) }, "AUTH_VAULT_KEY_MISSING", /No keychain can be reached/],
    ["a D-Bus that is gone", { load: new Error("Could not connect: Connection refused") }, "AUTH_VAULT_KEY_MISSING", /reached/],
    [
      "no secret service",
      { load: new Error("The name org.freedesktop.secrets was not provided by any .service files") },
      "AUTH_VAULT_KEY_MISSING",
      /reached/,
    ],
    ["no keyring made so far", { verify: new Error(noKeyringText) }, "AUTH_VAULT_KEY_MISSING", /has no keychain yet/],
    ["a locked one of macOS", { load: new Error("User interaction is not allowed.") }, "AUTH_VAULT_KEY_LOCKED", /is locked/],
    ["a code of the package", { load: coded("GnomeKeyringError", `odd ${first}`) }, "AUTH_VAULT_KEY_MISSING", /\(GnomeKeyringError\)/],
    ["a text without a code", { load: new Error(`odd ${first}`) }, "AUTH_VAULT_KEY_MISSING", /\(no code\)/],
    ["a code that is none", { load: Object.assign(new Error("odd"), { code: first }) }, "AUTH_VAULT_KEY_MISSING", /\(no code\)/],
    ["no error at all", { load: `odd ${first}` }, "AUTH_VAULT_KEY_MISSING", /\(no code\)/],
    ["a file named like trouble", { load: coded("EACCES", "open '/locked/stamp'") }, "AUTH_VAULT_KEY_MISSING", /\(EACCES\)/],
  ] as const)("with %s is told in our words, without the package's", async (_, trouble, code, message) => {
    const { keys, ...play } = on("linux");
    await keys.save([{ id: "a", key: first }]);
    if ("verify" in trouble) play.entries.clear();
    Object.assign(play.trouble, trouble);
    const error = await rejected(keys.load(), { secrets });
    expect(error).toMatchObject({ code, who: "developer", message: expect.stringMatching(message), remedy: expect.stringMatching(/./) });
    expect(error.cause).toBeUndefined();
    expect(error.message).toContain("keychain entry m365-mail-daemon/vault-keys");
  });

  it("that holds something else than keys is refused, and not repeated", async () => {
    const { keys, entries } = on("linux");
    entries.set("libsecret m365-mail-daemon/vault-keys", `a:${first}\na:${second}`);
    const error = await rejected(keys.load(), { secrets });
    expect(error.code).toBe("CONFIG_KEY_INVALID");
    expect(error.message).toContain('key 2 of the keychain entry m365-mail-daemon/vault-keys ("a") to have an id of its own');
  });

  it("that gives back something else than was saved is not believed", async () => {
    const { keys, machine } = on("linux");
    const { LibSecretPersistence } = machine.library();
    const { create } = LibSecretPersistence;
    LibSecretPersistence.create = async (...parameters) => ({ ...(await create(...parameters)), load: async () => `old:${second}\n` });
    const error = await rejected(keys.save([{ id: "a", key: first }]), { secrets });
    expect(error.message).toContain("not what the keychain gives back");
  });
});

describe("a save", () => {
  it.each([
    ["no key", []],
    ["a short key", [{ id: "a", key: first.slice(0, 40) }]],
    [
      "two keys of one id",
      [
        { id: "a", key: first },
        { id: "a", key: second },
      ],
    ],
  ])("of %s is refused before anything is touched", async (_, given) => {
    const { keys, entries, calls } = on("linux");
    const error = await rejected(keys.save(given), { secrets });
    expect(error.code).toBe("CONFIG_KEY_INVALID");
    expect(error.message).toContain("the keys to save");
    expect([...entries, ...calls]).toEqual([]);
  });
});

describe("the sealed file of Windows", () => {
  it("is replaced as a whole, and holds no key in the clear", async () => {
    const path = join(folder, "deep", "vault.keys");
    const { keys, calls } = on("win32", { path });
    await keys.save([{ id: "a", key: first }]);
    await keys.save([
      { id: "b", key: second },
      { id: "a", key: first },
    ]);
    expect(calls).toEqual([`save ${path}.new`, `save ${path}.new`]);
    expect(readdirSync(dirname(path))).toEqual(["vault.keys"]);
    expect(readFileSync(path, "utf8")).not.toContain(first);
    expect((await keys.load()).map(({ id }) => id)).toEqual(["b", "a"]);
  });

  it("is what it was when a save ends in the middle", async () => {
    const { keys, trouble } = on("win32", { path: join(folder, "vault.keys") });
    await keys.save([{ id: "a", key: first }]);
    trouble.save = coded("ENOSPC", "no space left on device");
    expect((await rejected(keys.save([{ id: "b", key: second }]), { secrets })).message).toContain("(ENOSPC)");
    delete trouble.save;
    expect((await keys.load()).map(({ id }) => id)).toEqual(["a"]);
  });

  it("that is absent is a missing key; one that this user cannot open says which code", async () => {
    const { keys, trouble } = on("win32", { path: join(folder, "vault.keys") });
    expect((await rejected(keys.load())).message).toContain("no vault key");
    trouble.load = coded("DPAPIEncryptedFileError", "the file is locked by another user");
    expect(await rejected(keys.load())).toMatchObject({
      code: "AUTH_VAULT_KEY_MISSING",
      message: expect.stringContaining("(DPAPIEncryptedFileError)"),
    });
  });
});

describe("the package", () => {
  it("is no part of this installation, and is asked for only when it is used", async () => {
    const keys = keychainKeys();
    const error = await rejected(keys.load());
    expect(error).toMatchObject({ code: "AUTH_VAULT_KEY_MISSING", who: "developer", message: expect.stringContaining("is not installed") });
    expect(error.remedy).toContain("npm install @azure/msal-node-extensions");
  });

  it("whose binary is absent says how to build it", async () => {
    const absent = Object.assign(new Error("Cannot find module '../build/Release/keytar.node'"), { code: "MODULE_NOT_FOUND" });
    const machine = {
      platform: "linux" as const,
      library: () => {
        throw absent;
      },
    };
    const error = await rejected(keychainKeysOn(machine).load());
    expect(error.message).toContain("is installed, but cannot be loaded (MODULE_NOT_FOUND)");
    expect(error.remedy).toContain("npm rebuild keytar");
    expect(error.cause).toBe(absent);
  });

  it("does not know every system", async () => {
    const { keys } = on("freebsd");
    expect(await rejected(keys.load())).toMatchObject({ code: "AUTH_VAULT_KEY_MISSING", remedy: expect.stringContaining("keyFile") });
  });
});

it.each(["..", "a/b", " a", "ü", "a".repeat(65)])("a service or account named %j is refused", (name) => {
  for (const options of [{ service: name }, { account: name }]) {
    expect(() => keychainKeys(options)).toThrow(expect.objectContaining({ code: "CONFIG_KEY_INVALID" }));
  }
});
