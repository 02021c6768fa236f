import { describe, expect, it } from "vitest";
import { deferred } from "../../support/deferred.js";
import { until } from "../../support/manual-clock.js";
import { rejected } from "../../support/rejection.js";
import { address, jsonAnswer, neverAnswers, password, setUp } from "./set-up.js";

describe("sign-in", () => {
  it("signs in with a password, confirms whose mailbox it is, and stores the record", async () => {
    const { process, user, simulator, tokenRequests } = await setUp();
    const { accounts, vault, tokens, events } = process();
    const result = await accounts.signIn(address, { method: "password", password });
    expect(result).toMatchObject({ queue: address, account: address, method: "password", objectId: user.objectId, replaced: "nothing" });
    expect(JSON.stringify(result)).not.toContain("token");
    const { record } = (await vault.read(address)) ?? {};
    expect(record).toMatchObject({ username: address, objectId: user.objectId, tenantId: simulator.tenantId, method: "password" });
    expect(record?.homeAccountId).toBe(`${user.objectId}.${simulator.tenantId}`);
    expect(record?.cache).not.toContain(password);
    expect(await tokens.get()).toBeTypeOf("string");
    expect(tokenRequests()).toBe(1);
    expect(events).toEqual([{ name: "queue:signed-in", payload: { queue: address, account: address, method: "password" } }]);
  });

  it("signs in with a refresh token of another system", async () => {
    const { process, user, tokenRequests } = await setUp();
    const { accounts, tokens } = process();
    await accounts.signIn(address, { method: "refreshToken", refreshToken: user.issueRefreshToken() });
    expect(await tokens.get()).toBeTypeOf("string");
    expect(tokenRequests()).toBe(1);
  });

  it("tries a wrong password once, and a changed one at once", async () => {
    const { process, network, tokenRequests } = await setUp();
    const { accounts, vault } = process();
    const first = await rejected(accounts.signIn(address, { method: "password", password: "wrong horse battery" }), network);
    expect(first).toMatchObject({ code: "AUTH_SIGN_IN_REQUIRED", serviceCode: "AADSTS50126", remedy: expect.stringContaining("password") });
    for (let turn = 0; turn < 3; turn += 1) {
      const again = await rejected(accounts.signIn(address, { method: "password", password: "wrong horse battery" }), network);
      expect(again).toMatchObject({
        code: "AUTH_SIGN_IN_REQUIRED",
        serviceCode: "AADSTS50126",
        message: expect.stringContaining("not tried again"),
      });
    }
    expect(tokenRequests()).toBe(1);
    expect(await vault.read(address)).toBeUndefined();
    await accounts.signIn(address, { method: "password", password });
    expect(tokenRequests()).toBe(2);
  });

  it("tries one wrong password once also when asked twice at the same time", async () => {
    const { process, network, tokenRequests } = await setUp();
    const { accounts } = process();
    const tries = [1, 2, 3].map(() => rejected(accounts.signIn(address, { method: "password", password: "wrong horse battery" }), network));
    await Promise.all(tries);
    expect(tokenRequests()).toBe(1);
  });

  it("tries a password that a policy refused again only when asked to, also after a restart", async () => {
    const { process, network, simulator, tokenRequests } = await setUp();
    simulator.addUser({ address: "mfa@contoso.com", password, mfaRequired: true });
    const tried = (tryAgain?: boolean) => {
      const { accounts } = process();
      accounts.add({ address: "mfa@contoso.com" });
      const method = { method: "password", password, ...(tryAgain === undefined ? {} : { tryAgain }) } as const;
      return rejected(accounts.signIn("mfa@contoso.com", method), network);
    };
    expect(await tried()).toMatchObject({ serviceCode: "AADSTS50076", remedy: expect.stringContaining("browser") });
    for (let restart = 0; restart < 3; restart += 1) {
      expect(await tried()).toMatchObject({ serviceCode: "AADSTS50076", remedy: expect.stringContaining("tryAgain") });
    }
    expect(tokenRequests()).toBe(1);
    await tried(true);
    expect(tokenRequests()).toBe(2);
    await tried();
    expect(tokenRequests()).toBe(2);
  });

  it("lets another method in while a password is not tried again", async () => {
    const { process, network, simulator } = await setUp();
    const user = simulator.addUser({ address: "mfa@contoso.com", password, mfaRequired: true });
    const { accounts } = process();
    accounts.add({ address: "mfa@contoso.com" });
    for (let turn = 0; turn < 2; turn += 1) await rejected(accounts.signIn("mfa@contoso.com", { method: "password", password }), network);
    await accounts.signIn("mfa@contoso.com", { method: "refreshToken", refreshToken: user.issueRefreshToken() });
    expect(await accounts.tokens("mfa@contoso.com").get()).toBeTypeOf("string");
  });

  it("does not count an outage against a password", async () => {
    const { process, network, simulator } = await setUp();
    const { accounts } = process();
    simulator.faults.add({ name: "down", route: "token", status: 503, count: 1 });
    expect((await rejected(accounts.signIn(address, { method: "password", password }), network)).code).toBe("AUTH_UNAVAILABLE");
    await accounts.signIn(address, { method: "password", password });
  });

  it("stores nothing when the user who signed in does not own the address", async () => {
    const { process, network, simulator } = await setUp();
    const other = simulator.addUser({ address: "sales@contoso.com" });
    const { accounts, vault, names } = process();
    const error = await rejected(accounts.signIn(address, { method: "refreshToken", refreshToken: other.issueRefreshToken() }), network);
    expect(error.code).toBe("AUTH_WRONG_ACCOUNT");
    expect(error.message).toMatch(/sales@contoso\.com.*support@contoso\.com/);
    expect(await vault.version(address)).toBeNull();
    expect(names()).toEqual([]);
  });

  it("refuses a user of another domain by both addresses, unless the address is one of theirs", async () => {
    const { process, network, simulator } = await setUp();
    const stranger = simulator.addUser({ address: "agent@fabrikam.com" });
    const owner = simulator.addUser({ address: "owner@fabrikam.com", aliases: ["tickets@contoso.com"] });
    const { accounts, vault } = process();
    accounts.add({ address: "tickets@contoso.com" });
    const refused = accounts.signIn("tickets@contoso.com", { method: "refreshToken", refreshToken: stranger.issueRefreshToken() });
    expect(await rejected(refused, network)).toMatchObject({
      code: "AUTH_WRONG_ACCOUNT",
      message: expect.stringMatching(/agent@fabrikam\.com.*tickets@contoso\.com/),
      who: "user",
      step: expect.any(String),
    });
    expect(await vault.version("tickets@contoso.com")).toBeNull();
    await accounts.signIn("tickets@contoso.com", { method: "refreshToken", refreshToken: owner.issueRefreshToken() });
  });

  it("believes no id token of another user, whoever's access token comes with it", async () => {
    const { process, network, simulator, user } = await setUp();
    const other = simulator.addUser({ address: "sales@contoso.com" });
    const { accounts, vault, names } = process();
    accounts.add({ address: other.address });
    let foreign: Record<string, unknown> = {};
    network.intercept = async (url, pass) => {
      if (!url.pathname.endsWith("/token")) return pass();
      foreign = (await (await pass()).json()) as Record<string, unknown>;
      return jsonAnswer(200, foreign);
    };
    await accounts.signIn(other.address, { method: "refreshToken", refreshToken: other.issueRefreshToken() });
    network.intercept = async (url, pass) => {
      if (!url.pathname.endsWith("/token")) return pass();
      const body = (await (await pass()).json()) as Record<string, unknown>;
      return jsonAnswer(200, { ...body, id_token: foreign.id_token, client_info: foreign.client_info });
    };
    const refused = accounts.signIn(address, { method: "refreshToken", refreshToken: user.issueRefreshToken() });
    const error = await rejected(refused, network);
    expect(error).toMatchObject({ code: "AUTH_WRONG_ACCOUNT" });
    expect(error.message).toMatch(/sales@contoso\.com.*support@contoso\.com/);
    expect(await vault.version(address)).toBeNull();
    expect(names()).toEqual(["queue:signed-in"]);
  });

  it("lets the owner of an alias in", async () => {
    const { process, simulator } = await setUp();
    const owner = simulator.addUser({ address: "owner@contoso.com", aliases: ["tickets@contoso.com"] });
    const { accounts } = process();
    accounts.add({ address: "tickets@contoso.com" });
    const { objectId } = await accounts.signIn("tickets@contoso.com", { method: "refreshToken", refreshToken: owner.issueRefreshToken() });
    expect(objectId).toBe(owner.objectId);
  });

  it("stores nothing when it is aborted, or when its time is over", async () => {
    const { process, network, user, clock } = await setUp();
    const { accounts, vault } = process();
    const asked = deferred();
    network.intercept = (...given) => {
      asked.resolve();
      return neverAnswers(...given);
    };
    const abort = new AbortController();
    const signingIn = accounts.signIn(
      address,
      { method: "refreshToken", refreshToken: user.issueRefreshToken() },
      { signal: abort.signal },
    );
    await asked.promise;
    abort.abort(new Error("no longer wanted"));
    await expect(signingIn).rejects.toThrow("no longer wanted");
    expect(clock.pending()).toBe(0);

    // Entra answers, Graph never does: the limit covers both.
    network.intercept = (url, pass, signal) => (url.host.startsWith("graph") ? neverAnswers(url, pass, signal) : pass());
    const slow = rejected(accounts.signIn(address, { method: "refreshToken", refreshToken: user.issueRefreshToken() }), network);
    await until(() => network.hosts.includes("graph.microsoft.com"));
    await clock.advance(60_000);
    expect((await slow).code).toMatch(/_TIMEOUT$/);
    expect(await vault.version(address)).toBeNull();
  });

  it("replaces a record that does not open, and says so", async () => {
    const { process, store, user } = await setUp();
    await store.commit({ puts: [{ key: ["vault", address], value: { format: 1, jwe: "broken" } }] });
    const { accounts, tokens } = process();
    await expect(tokens.get()).rejects.toMatchObject({ code: "AUTH_VAULT_TAMPERED" });
    const result = await accounts.signIn(address, { method: "refreshToken", refreshToken: user.issueRefreshToken() });
    expect(result.replaced).toBe("AUTH_VAULT_TAMPERED");
    expect(await tokens.get()).toBeTypeOf("string");
    const again = await accounts.signIn(address, { method: "refreshToken", refreshToken: user.issueRefreshToken() });
    expect(again.replaced).toBe("record");
  });

  it("does not spend a password while the vault has no key", async () => {
    const { process, network, tokenRequests } = await setUp();
    const { accounts } = process({ load: () => Promise.reject(new Error("no key")) });
    await expect(accounts.signIn(address, { method: "password", password })).rejects.toThrow("no key");
    expect(tokenRequests()).toBe(0);
    expect(network.hosts).toEqual([]);
  });

  it("signs out: the record is gone, and no token is handed out", async () => {
    const { process, network, user } = await setUp();
    const { accounts, tokens, vault } = process();
    await accounts.signIn(address, { method: "refreshToken", refreshToken: user.issueRefreshToken() });
    await tokens.get();
    expect(await accounts.signOut(address)).toBe(true);
    expect(await vault.version(address)).toBeNull();
    expect((await rejected(tokens.get(), network)).code).toBe("AUTH_SIGN_IN_REQUIRED");
    expect(await accounts.signOut(address)).toBe(false);
  });

  it("asks for the shared scope for a queue that names another account, which is asked who it is by its own name", async () => {
    const { process, user } = await setUp();
    const { accounts, vault, events } = process();
    const shared = accounts.add({ address: "shared@contoso.com", account: address });
    await accounts.signIn("shared@contoso.com", { method: "refreshToken", refreshToken: user.issueRefreshToken() });
    expect((await vault.read(address))?.record.scopes).toContain("https://graph.microsoft.com/Mail.ReadWrite.Shared");
    expect(await shared.get()).toBe(await accounts.tokens(address).get());
    expect(events.map(({ payload }) => "queue" in payload && payload.queue)).toEqual([address, "shared@contoso.com"]);
    expect(() => accounts.tokens("unknown@contoso.com")).toThrow(/not one of the daemon's queues/);
  });

  it("fetches a token of the wider scopes when a shared queue is added later", async () => {
    const { process, user, tokenRequests } = await setUp();
    const { accounts, tokens, vault } = process();
    await accounts.signIn(address, { method: "refreshToken", refreshToken: user.issueRefreshToken() });
    const narrow = await tokens.get();
    const shared = accounts.add({ address: "shared@contoso.com", account: address });
    expect(await shared.get()).not.toBe(narrow);
    expect((await vault.read(address))?.record.scopes).toContain("https://graph.microsoft.com/Mail.ReadWrite.Shared");
    expect(tokenRequests()).toBe(2);
    await accounts.remove("shared@contoso.com");
    expect(() => accounts.tokens("shared@contoso.com")).toThrow(/not one of the daemon's queues/);
    expect(await tokens.get()).toBeTypeOf("string");
  });
});
