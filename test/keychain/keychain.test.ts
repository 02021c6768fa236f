/** `keychainKeys` on the real thing: libsecret and gnome-keyring, in sessions that begin and end. */
import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { generateKey } from "../../src/index.js";
import { type Answer, filesWith, newUser } from "./session.js";

const keys = [
  { id: "new", key: generateKey() },
  { id: "old", key: generateKey() },
];
const rings = [keys.map(({ id, key }) => `${id} ${createHash("sha256").update(Buffer.from(key, "base64")).digest("base64")}`)];
const unlocked = { dBus: true, password: "hunter2" } as const;
const locked = { dBus: true } as const;
const load = { is: "load", times: 1 } as const;

const account = "support@contoso.com";
const record = {
  cache: "sealed tokens",
  homeAccountId: "object.tenant",
  username: account,
  objectId: "object",
  tenantId: "tenant",
  method: "browser",
  signedInAt: 1,
  refreshedAt: 2,
  expiresAt: 3,
  scopes: ["Mail.ReadWrite"],
};

/** A user in whose keyring the keys are. */
async function userWithKeys() {
  const user = await newUser();
  expect(await user.session(unlocked, { is: "save", keys })).toEqual({});
  return user;
}

function expectRefusal(answer: Answer, code: string, message: RegExp): void {
  expect(answer.error).toMatchObject({ code, message: expect.stringMatching(message), remedy: expect.stringMatching(/./) });
  for (const { key } of keys) expect(JSON.stringify(answer)).not.toContain(key);
}

it("what one session saved is there in the next", async () => {
  const user = await userWithKeys();
  expect(await user.session(unlocked, load)).toEqual({ value: rings });
});

it("what one process sealed into the vault, another opens in another session", async () => {
  const user = await userWithKeys();
  const storePath = join(user.home, "state");
  expect(await user.session(unlocked, { is: "seal", storePath, account, record })).toMatchObject({ value: { ok: true } });
  expect(await user.session(unlocked, { is: "open", storePath, account })).toMatchObject({ value: { record, keyId: "new" } });

  const rotated = [{ id: "newest", key: generateKey() }, ...keys];
  expect(await user.session(unlocked, { is: "save", keys: rotated })).toEqual({});
  expect(await user.session(unlocked, { is: "open", storePath, account })).toMatchObject({ value: { record, keyId: "new" } });

  expectRefusal(await user.session(locked, { is: "open", storePath, account }), "AUTH_VAULT_KEY_LOCKED", /is locked/);
});

it("a daemon starts with an unlocked keyring, and not with a locked one", async () => {
  const user = await userWithKeys();
  expect(await user.session(unlocked, { is: "start" })).toEqual({ value: "running" });
  expectRefusal(await user.session(locked, { is: "start" }), "AUTH_VAULT_KEY_LOCKED", /is locked/);
});

it("the keys stand in no file in the clear", async () => {
  const user = await userWithKeys();
  const [key = ""] = keys.map((one) => one.key);
  expect(await filesWith(user.home, key)).toEqual([]);
  const planted = join(user.home, ".local", "planted");
  await writeFile(planted, `new:${key}\n`);
  expect(await filesWith(user.home, key)).toEqual([planted]);
});

it("many loads at once all find the keys", async () => {
  const user = await userWithKeys();
  expect(await user.session(unlocked, { is: "load", times: 12 })).toEqual({ value: Array.from({ length: 12 }, () => rings[0]) });
});

it("each account has keys of its own", async () => {
  const user = await userWithKeys();
  const answer = await user.session(unlocked, { ...load, options: { account: "another" } });
  expectRefusal(answer, "AUTH_VAULT_KEY_MISSING", /There is no vault key in the keychain entry m365-mail-daemon\/another/);
});

it("an open keyring without keys is empty", async () => {
  const user = await newUser();
  expectRefusal(await user.session(unlocked, load), "AUTH_VAULT_KEY_MISSING", /There is no vault key/);
});

it.each([
  ["that nobody unlocks", locked],
  ["for which the password is wrong", { dBus: true, password: "wrong" }],
] as const)("a keyring %s is locked: it is not read as empty, and not written to", async (_, beginning) => {
  const user = await userWithKeys();
  expectRefusal(await user.session(beginning, load), "AUTH_VAULT_KEY_LOCKED", /is locked/);
  const other = [{ id: "other", key: generateKey() }];
  expectRefusal(await user.session(beginning, { is: "save", keys: other }), "AUTH_VAULT_KEY_LOCKED", /is locked/);
  expect(await user.session(unlocked, load)).toEqual({ value: rings });
});

it("a user for whom no keyring was made has no keychain, and none is made silently", async () => {
  const user = await newUser();
  expectRefusal(await user.session(locked, load), "AUTH_VAULT_KEY_MISSING", /has no keychain yet/);
  expectRefusal(await user.session(locked, { is: "save", keys }), "AUTH_VAULT_KEY_MISSING", /has no keychain yet/);
});

it("without D-Bus no keychain can be reached, and the keys go nowhere else", async () => {
  const user = await newUser();
  expectRefusal(await user.session({ dBus: false }, load), "AUTH_VAULT_KEY_MISSING", /No keychain can be reached/);
  expectRefusal(await user.session({ dBus: false }, { is: "save", keys }), "AUTH_VAULT_KEY_MISSING", /No keychain can be reached/);
  expect(await filesWith(user.home, "")).toEqual([]);
});
