/** Sign-ins beside something else that is under way: another sign-in, a renewal, an abort, a queue that is added. */
import { describe, expect, it } from "vitest";
import type { SignInMethod } from "../../../src/auth/sign-in-method.js";
import { deferred } from "../../support/deferred.js";
import { settle, until } from "../../support/manual-clock.js";
import { rejected } from "../../support/rejection.js";
import { address, setUp } from "./set-up.js";

const sharedScope = "https://graph.microsoft.com/Mail.ReadWrite.Shared";

describe("a sign-in", () => {
  it("outranks a refresh of another process that had begun before", async () => {
    const { process, clock, user, network } = await setUp();
    const { accounts, tokens, vault } = process();
    await accounts.signIn(address, { method: "refreshToken", refreshToken: user.issueRefreshToken() });
    const other = process();
    await other.tokens.get();
    await clock.advance(3_600_000);
    const answer = network.holdNextAnswer();
    const refreshing = other.tokens.get();
    await answer.held;
    await accounts.signIn(address, { method: "refreshToken", refreshToken: user.issueRefreshToken() });
    const version = await vault.version(address);
    answer.release();
    expect(await refreshing).toBe(await tokens.get());
    expect(await vault.version(address)).toBe(version);
  });

  it("that waits behind another is ended by its signal and by its time limit, and lets nobody pass", async () => {
    const { process, user, clock, network, tokenRequests } = await setUp();
    const { accounts, vault } = process();
    const method = (): SignInMethod => ({ method: "refreshToken", refreshToken: user.issueRefreshToken() });
    const answer = network.holdNextAnswer();
    const first = accounts.signIn(address, method());
    await answer.held;
    const abort = new AbortController();
    const givenUp = accounts.signIn(address, { ...method(), signal: abort.signal });
    const late = rejected(accounts.signIn(address, { ...method(), timeLimitMs: 5_000 }), network);
    const last = accounts.signIn(address, method());
    abort.abort(new Error("no longer wanted"));
    await expect(givenUp).rejects.toThrow("no longer wanted");
    await clock.advance(5_000);
    expect((await late).code).toBe("AUTH_TIMEOUT");
    await settle();
    expect([tokenRequests(), await vault.version(address)]).toEqual([1, null]);
    answer.release();
    expect([(await first).replaced, (await last).replaced]).toEqual(["nothing", "record"]);
    expect(tokenRequests()).toBe(2);
    expect(clock.pending()).toBe(0);
  });

  it("that is aborted just before it is written stores nothing", async () => {
    const { process, user, store } = await setUp();
    const { accounts, vault, names } = process();
    const reading = deferred();
    store.holdNextGet = reading.promise;
    const abort = new AbortController();
    const signingIn = accounts.signIn(
      address,
      { method: "refreshToken", refreshToken: user.issueRefreshToken() },
      { signal: abort.signal },
    );
    const ended = expect(signingIn).rejects.toThrow("no longer wanted");
    // Who it is is known by now, and what it would replace is looked at.
    await until(() => store.holdNextGet === undefined);
    abort.abort(new Error("no longer wanted"));
    reading.resolve();
    await ended;
    expect(await vault.version(address)).toBeNull();
    expect(names()).toEqual([]);
  });
});

describe("a queue for a shared mailbox that is added meanwhile", () => {
  it("gets a token that opens it, also when the sign-in under way asked for less", async () => {
    const { process, user, network, vaultScopes } = await scene();
    const { accounts, vault } = process();
    const answer = network.holdNextAnswer();
    const signingIn = accounts.signIn(address, { method: "refreshToken", refreshToken: user.issueRefreshToken() });
    await answer.held;
    const shared = accounts.add({ address: "shared@contoso.com", account: address });
    answer.release();
    await signingIn;
    expect(await vaultScopes(vault)).not.toContain(sharedScope);
    const token = await shared.get();
    expect(await vaultScopes(vault)).toContain(sharedScope);
    expect((await vault.read(address))?.record.cache).toContain(token);
  });

  it.each(["while it is under way", "when it has ended"])("gets one also when a renewal asked for less, asked %s", async (when) => {
    const { process, user, network, clock, vaultScopes } = await scene();
    const { accounts, tokens, vault } = process();
    await accounts.signIn(address, { method: "refreshToken", refreshToken: user.issueRefreshToken() });
    await clock.advance(3_600_000);
    const answer = network.holdNextAnswer();
    const renewing = tokens.get();
    await answer.held;
    const shared = accounts.add({ address: "shared@contoso.com", account: address });
    const getting = when === "while it is under way" ? shared.get() : undefined;
    answer.release();
    const narrow = await renewing;
    const token = await (getting ?? shared.get());
    expect(token).not.toBe(narrow);
    expect(await vaultScopes(vault)).toContain(sharedScope);
    expect((await vault.read(address))?.record.cache).toContain(token);
  });
});

async function scene() {
  const world = await setUp();
  const vaultScopes = async (vault: ReturnType<typeof world.process>["vault"]) => (await vault.read(address))?.record.scopes;
  return { ...world, vaultScopes };
}
