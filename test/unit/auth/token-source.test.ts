import { describe, expect, it } from "vitest";
import { deferred } from "../../support/deferred.js";
import { settle, until } from "../../support/manual-clock.js";
import { rejected } from "../../support/rejection.js";
import { address, jsonAnswer, neverAnswers, setUp } from "./set-up.js";

async function signedIn(options: Parameters<typeof setUp>[0] = {}) {
  const world = await setUp(options);
  const process = world.process();
  await process.accounts.signIn(address, { method: "refreshToken", refreshToken: world.user.issueRefreshToken() });
  world.simulator.log.clear();
  process.events.length = 0;
  return { ...world, ...process };
}

const hourMs = 3_600_000;

describe("token source", () => {
  it("asks Entra nothing after a restart", async () => {
    const { process, tokens, tokenRequests } = await signedIn();
    const token = await tokens.get();
    expect(await process().tokens.get()).toBe(token);
    expect(tokenRequests()).toBe(0);
  });

  it("asks Entra once for fifty concurrent gets", async () => {
    const { clock, tokens, tokenRequests } = await signedIn();
    const old = await tokens.get();
    await clock.advance(hourMs);
    const given = new Set(await Promise.all(Array.from({ length: 50 }, () => tokens.get())));
    expect(given.size).toBe(1);
    expect(given.has(old)).toBe(false);
    expect(tokenRequests()).toBe(1);
  });

  it("renews early, at a time spread by chance, while the old token still serves", async () => {
    for (const [chance, share] of [
      [0, 0.9],
      [0.999, 0.8],
    ] as const) {
      const { clock, process, tokenRequests } = await signedIn();
      clock.chance = chance;
      const restarted = process();
      const old = await restarted.tokens.get();
      await clock.advance(hourMs * share - 10_000);
      await restarted.tokens.get();
      await settle();
      expect(tokenRequests()).toBe(0);
      await clock.advance(20_000);
      expect(await restarted.tokens.get()).toBe(old);
      await until(() => restarted.names().length > 0);
      expect(tokenRequests()).toBe(1);
      expect(await restarted.tokens.get()).not.toBe(old);
      expect(restarted.names()).toEqual(["token:refreshed"]);
    }
  });

  it("fetches a new token when Graph refused the current one, and gives the newer when it refused an older", async () => {
    const { tokens, tokenRequests } = await signedIn();
    const first = await tokens.get();
    const second = await tokens.get({ refused: first });
    expect(second).not.toBe(first);
    expect(tokenRequests()).toBe(1);
    expect(await tokens.get({ refused: first })).toBe(second);
    const all = await Promise.all([tokens.get({ refused: second }), tokens.get({ refused: second }), tokens.get({ refused: second })]);
    expect(new Set(all).size).toBe(1);
    expect(tokenRequests()).toBe(2);
  });

  it("does not hand a refused token out of the vault after a restart", async () => {
    const { process, tokens, tokenRequests } = await signedIn();
    const refused = await tokens.get();
    const { tokens: restarted } = process();
    const [, renewed] = await Promise.all([restarted.get(), restarted.get({ refused })]);
    expect(renewed).not.toBe(refused);
    expect(tokenRequests()).toBe(1);
  });

  it("hands a token out only after the vault holds it", async () => {
    const { clock, store, tokens, vault } = await signedIn();
    await clock.advance(hourMs);
    const version = await vault.version(address);
    const { promise, resolve } = deferred();
    store.hold = promise;
    let token: string | undefined;
    const getting = tokens.get().then((given) => {
      token = given;
    });
    await settle();
    expect(token).toBeUndefined();
    expect(await vault.version(address)).toBe(version);
    store.hold = undefined;
    resolve();
    await getting;
    expect((await vault.read(address))?.record.cache).toContain(token);
  });

  it("keeps a token that the store would not take, and writes it before it asks Entra again", async () => {
    const { clock, store, tokens, process, tokenRequests, network } = await signedIn();
    await clock.advance(hourMs);
    store.broken = true;
    expect((await rejected(tokens.get(), network)).code).toBe("STORE_UNAVAILABLE");
    expect((await rejected(tokens.get(), network)).code).toBe("STORE_UNAVAILABLE");
    expect(tokenRequests()).toBe(1);
    store.broken = false;
    const token = await tokens.get();
    expect(tokenRequests()).toBe(1);
    expect(await process().tokens.get()).toBe(token);
  });

  it("writes what the store had not taken when it closes", async () => {
    const { clock, store, tokens, accounts, process, tokenRequests, network } = await signedIn();
    await clock.advance(hourMs);
    store.broken = true;
    await rejected(tokens.get(), network);
    store.broken = false;
    await accounts.close();
    await process().tokens.get();
    expect(tokenRequests()).toBe(1);
  });

  it("does not let an older token answer overwrite a newer one", async () => {
    const { clock, tokens, accounts, user, network, vault, process } = await signedIn();
    await clock.advance(hourMs);
    // The refresh is answered at once, but its answer is long on its way.
    const answer = network.holdNextAnswer();
    const late = tokens.get();
    await answer.held;
    await accounts.signIn(address, { method: "refreshToken", refreshToken: user.issueRefreshToken() });
    const newer = await tokens.get();
    const { version } = (await vault.read(address)) ?? {};
    answer.release();
    expect(await late).toBe(newer);
    expect(await tokens.get()).toBe(newer);
    expect(await vault.version(address)).toBe(version);
    expect(await process().tokens.get()).toBe(newer);
  });

  it("does not let a record read before a sign-in overwrite the sign-in's, nor come back after a sign-out", async () => {
    const { process, store, user, network } = await signedIn();
    const { tokens, accounts } = process();
    const reading = deferred();
    store.holdNextGet = reading.promise;
    const late = tokens.get();
    await until(() => store.holdNextGet === undefined);
    await accounts.signIn(address, { method: "refreshToken", refreshToken: user.issueRefreshToken() });
    const newer = await tokens.get();
    reading.resolve();
    expect(await late).toBe(newer);
    expect(await tokens.get()).toBe(newer);

    const again = process();
    const second = deferred();
    store.holdNextGet = second.promise;
    const gone = rejected(again.tokens.get(), network);
    await until(() => store.holdNextGet === undefined);
    await again.accounts.signOut(address);
    second.resolve();
    expect(await gone).toMatchObject({ code: "AUTH_SIGN_IN_REQUIRED", message: expect.stringContaining("signed out") });
  });

  it("takes the winner's record when another process renewed at the same time", async () => {
    const { clock, tokens, process, tokenRequests, vault } = await signedIn();
    const other = process();
    await Promise.all([tokens.get(), other.tokens.get()]);
    await clock.advance(hourMs);
    const [one, two] = await Promise.all([tokens.get(), other.tokens.get()]);
    expect(one).toBe(two);
    expect((await vault.read(address))?.record.cache).toContain(one);
    expect(tokenRequests()).toBe(2);
    await Promise.all([tokens.get(), other.tokens.get()]);
    expect(tokenRequests()).toBe(2);
  });

  it("takes over what another process has renewed before, without asking Entra", async () => {
    const { clock, tokens, process, tokenRequests } = await signedIn();
    const other = process();
    await other.tokens.get();
    await clock.advance(hourMs);
    const token = await tokens.get();
    expect(await other.tokens.get()).toBe(token);
    expect(tokenRequests()).toBe(1);
  });

  it("ends one wait and not the fetching when a waiter aborts", async () => {
    const { clock, tokens, network, tokenRequests } = await signedIn();
    await clock.advance(hourMs);
    const answer = network.holdNextAnswer();
    const abort = new AbortController();
    const impatient = tokens.get({ signal: abort.signal });
    const patient = tokens.get({ signal: new AbortController().signal });
    await answer.held;
    abort.abort(new Error("no longer wanted"));
    await expect(impatient).rejects.toThrow("no longer wanted");
    await expect(tokens.get({ signal: abort.signal })).rejects.toThrow("no longer wanted");
    answer.release();
    expect(await patient).toBe(await tokens.get());
    expect(tokenRequests()).toBe(1);
  });

  it("does not lose sight of an unhandled failure when every waiter has gone", async () => {
    const { clock, tokens, network } = await signedIn();
    await clock.advance(hourMs);
    const { promise, resolve } = deferred();
    network.intercept = async () => {
      await promise;
      return jsonAnswer(503, "");
    };
    const abort = new AbortController();
    const waiting = tokens.get({ signal: abort.signal });
    abort.abort(new Error("gone"));
    await expect(waiting).rejects.toThrow("gone");
    resolve();
    await settle();
    network.intercept = undefined;
    expect(await tokens.get()).toBeTypeOf("string");
  });

  it("leaves nothing running when it is closed, and gives no token any more", async () => {
    const { clock, tokens, accounts, network } = await signedIn();
    await clock.advance(hourMs);
    let asked = false;
    network.intercept = (...given) => {
      asked = true;
      return neverAnswers(...given);
    };
    const failed = rejected(tokens.get(), network);
    await until(() => asked);
    const closing = accounts.close();
    await closing;
    expect((await failed).code).toBe("LIFECYCLE_STOPPED");
    await expect(tokens.get()).rejects.toMatchObject({ code: "LIFECYCLE_STOPPED" });
    await expect(tokens.watchForSignIn()).rejects.toMatchObject({ code: "LIFECYCLE_STOPPED" });
    expect(clock.pending()).toBe(0);
  });

  it("ends a watch for the sign-in when it is closed", async () => {
    const { process, clock, network } = await setUp();
    const { tokens, accounts } = process();
    await rejected(tokens.get(), network);
    const watching = expect(tokens.watchForSignIn()).rejects.toMatchObject({ code: "LIFECYCLE_STOPPED" });
    await until(() => clock.pending() === 1);
    await accounts.close();
    await watching;
    expect(clock.pending()).toBe(0);
  });
});
