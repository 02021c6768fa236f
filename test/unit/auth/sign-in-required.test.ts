import { describe, expect, it } from "vitest";
import { generateKey, type KeyRing, keyRing } from "../../../src/auth/key-ring.js";
import { until } from "../../support/manual-clock.js";
import { rejected } from "../../support/rejection.js";
import { address, jsonAnswer, setUp } from "./set-up.js";

const hourMs = 3_600_000;

describe("a queue that cannot get a token", () => {
  it("says once that nobody has signed in, and waits for it without asking Entra", async () => {
    const { process, network, tokenRequests, clock, user } = await setUp();
    const { tokens, events, names, accounts } = process();
    const error = await rejected(tokens.get(), network);
    expect(error).toMatchObject({ code: "AUTH_SIGN_IN_REQUIRED", remedy: expect.stringContaining(address) });
    expect(await rejected(tokens.get(), network)).toBe(error);
    expect(events).toEqual([
      {
        name: "queue:sign-in-required",
        payload: {
          queue: address,
          account: address,
          code: error.code,
          reason: error.message,
          remedy: error.remedy,
          who: "user",
          step: "sign-in",
        },
      },
    ]);
    expect(tokens.state()).toMatchObject({ state: "waiting-for-sign-in", error });
    let came = false;
    const watching = tokens.watchForSignIn().then(() => {
      came = true;
    });
    await clock.advance(60_000);
    expect(came).toBe(false);
    expect(tokenRequests()).toBe(0);
    await accounts.signIn(address, { method: "refreshToken", refreshToken: user.issueRefreshToken() });
    await watching;
    expect(names()).toEqual(["queue:sign-in-required", "queue:signed-in"]);
    expect(tokens.state().state).toBe("ready");
    expect(clock.pending()).toBe(0);
  });

  it("tells a queue that is added while its account waits", async () => {
    const { process, network } = await setUp();
    const { tokens, accounts, events } = process();
    const { code, message: reason } = await rejected(tokens.get(), network);
    accounts.add({ address: "shared@contoso.com", account: address });
    expect(events.map(({ name, payload }) => ({ name, ...payload }))).toMatchObject([
      { name: "queue:sign-in-required", queue: address, account: address, code, reason },
      { name: "queue:sign-in-required", queue: "shared@contoso.com", account: address, code, reason, who: "user", step: "sign-in" },
    ]);
  });

  it("notices within five seconds that another process has signed it in", async () => {
    const { process, network, clock, user } = await setUp();
    const { tokens, events } = process();
    await rejected(tokens.get(), network);
    let came = false;
    const watching = tokens.watchForSignIn().then(() => {
      came = true;
    });
    await clock.advance(5_000);
    await process().accounts.signIn(address, { method: "refreshToken", refreshToken: user.issueRefreshToken() });
    expect(came).toBe(false);
    await clock.advance(5_000);
    await watching;
    expect(await tokens.get()).toBeTypeOf("string");
    expect(events.at(-1)).toEqual({ name: "queue:signed-in", payload: { queue: address, account: address, method: "refreshToken" } });
  });

  it("asks Entra once after its sessions were revoked, and again only for a new record", async () => {
    const { process, network, clock, user, tokenRequests, simulator } = await setUp();
    const { tokens, accounts, names } = process();
    await accounts.signIn(address, { method: "refreshToken", refreshToken: user.issueRefreshToken() });
    user.revokeSessions();
    simulator.log.clear();
    await clock.advance(hourMs);
    for (let turn = 0; turn < 5; turn += 1) {
      expect(await rejected(tokens.get(), network)).toMatchObject({
        code: "AUTH_SIGN_IN_REQUIRED",
        serviceCode: "AADSTS50173",
        status: 400,
      });
      await clock.advance(60_000);
    }
    expect(tokenRequests()).toBe(1);
    expect(names()).toEqual(["queue:signed-in", "queue:sign-in-required"]);
    await process().accounts.signIn(address, { method: "refreshToken", refreshToken: user.issueRefreshToken() });
    await tokens.watchForSignIn();
    expect(await tokens.get()).toBeTypeOf("string");
  });

  it("does not believe a refusal of a record that another process has replaced in the meantime", async () => {
    const { process, clock, user, network } = await setUp();
    const { tokens, accounts, names } = process();
    await accounts.signIn(address, { method: "refreshToken", refreshToken: user.issueRefreshToken() });
    user.revokeSessions();
    await clock.advance(hourMs);
    const answer = network.holdNextAnswer();
    const getting = tokens.get();
    await answer.held;
    const other = process();
    await other.accounts.signIn(address, { method: "refreshToken", refreshToken: user.issueRefreshToken() });
    answer.release();
    expect(await getting).toBe(await other.tokens.get());
    expect(names()).toEqual(["queue:signed-in"]);
  });

  it("warns when the token that serves cannot be renewed, and does not ask more often than its back-off", async () => {
    const { process, network, clock, user, tokenRequests, simulator } = await setUp();
    const { tokens, accounts, events } = process();
    await accounts.signIn(address, { method: "refreshToken", refreshToken: user.issueRefreshToken() });
    const token = await tokens.get();
    simulator.log.clear();
    network.intercept = () => Promise.resolve(jsonAnswer(503, "<html>"));
    await clock.advance(hourMs * 0.91);
    let asked = 0;
    network.intercept = () => {
      asked += 1;
      return Promise.resolve(jsonAnswer(503, "<html>"));
    };
    for (let second = 0; second < 60; second += 1) {
      expect(await tokens.get()).toBe(token);
      await clock.advance(1_000);
    }
    expect(asked).toBeLessThan(8);
    // On a busy machine a renewal may take longer than a minute of this clock.
    while (asked < 2) {
      await tokens.get();
      await clock.advance(1_000);
    }
    expect(events.at(-1)).toMatchObject({ name: "token:expiring", payload: { queue: address, code: "AUTH_UNAVAILABLE" } });
    network.intercept = undefined;
    await clock.advance(120_000);
    await tokens.get();
    await until(() => events.at(-1)?.name === "token:refreshed");
    expect(await tokens.get()).not.toBe(token);
    expect(tokenRequests()).toBe(1);
  });

  it("does not ask Entra before the time it named", async () => {
    const { process, network, clock, user, tokenRequests, simulator } = await setUp();
    const { tokens, accounts } = process();
    await accounts.signIn(address, { method: "refreshToken", refreshToken: user.issueRefreshToken() });
    await clock.advance(hourMs);
    simulator.log.clear();
    simulator.faults.add({ name: "busy", route: "token", status: 429, retryAfter: 120, count: 1 });
    const error = await rejected(tokens.get(), network);
    expect(error).toMatchObject({ code: "AUTH_UNAVAILABLE", status: 429, notBeforeAt: clock.now() + 120_000, retryable: true });
    await clock.advance(119_000);
    expect(await rejected(tokens.get(), network)).toBe(error);
    await rejected(accounts.signIn(address, { method: "refreshToken", refreshToken: user.issueRefreshToken() }), network);
    expect(tokenRequests()).toBe(1);
    await clock.advance(1_000);
    expect(await tokens.get()).toBeTypeOf("string");
    expect(tokenRequests()).toBe(2);
  });

  it("pauses for a minute after Entra refused the application, in the watch as well", async () => {
    const { process, network, clock, user } = await setUp();
    const { tokens, accounts } = process();
    await accounts.signIn(address, { method: "refreshToken", refreshToken: user.issueRefreshToken() });
    await clock.advance(hourMs);
    let asked = 0;
    network.intercept = () => {
      asked += 1;
      return Promise.resolve(jsonAnswer(401, { error: "invalid_client", error_codes: [7000218] }));
    };
    const error = await rejected(tokens.get(), network);
    expect(error).toMatchObject({ code: "AUTH_APP_REFUSED", remedy: expect.stringContaining("Allow public client flows") });
    let came = false;
    const watching = tokens.watchForSignIn().then(() => {
      came = true;
    });
    await clock.advance(55_000);
    expect(await rejected(tokens.get(), network)).toBe(error);
    expect(asked).toBe(1);
    expect(came).toBe(false);
    await clock.advance(5_000);
    await watching;
    network.intercept = undefined;
    expect(await tokens.get()).toBeTypeOf("string");
  });

  it("waits with the vault's code when its record does not open, and goes on when the key is back", async () => {
    const { process, keys, network, clock, user, tokenRequests } = await setUp();
    await process().accounts.signIn(address, { method: "refreshToken", refreshToken: user.issueRefreshToken() });
    const others = await keyRing([{ id: "k9", key: generateKey() }]).load();
    let mended = false;
    const ring: KeyRing = { load: async () => (mended ? [...others, ...(await keys.load())] : others) };
    const { tokens, names, events } = process(ring);
    for (let turn = 0; turn < 3; turn += 1) expect((await rejected(tokens.get(), network)).code).toBe("AUTH_VAULT_KEY_UNKNOWN");
    expect(names()).toEqual(["queue:sign-in-required"]);
    expect(events[0]?.payload).toMatchObject({ code: "AUTH_VAULT_KEY_UNKNOWN", remedy: expect.stringContaining("key ring") });
    let came = false;
    const watching = tokens.watchForSignIn().then(() => {
      came = true;
    });
    await clock.advance(10_000);
    expect(came).toBe(false);
    mended = true;
    // Twice a minute at most a ring is asked for a key that it had not.
    for (let look = 0; look < 12 && !came; look += 1) await clock.advance(5_000);
    await watching;
    expect(await tokens.get()).toBeTypeOf("string");
    expect(names()).toEqual(["queue:sign-in-required"]);
    expect(tokenRequests()).toBe(1);
  });

  it("stops waiting when the waiter aborts, without a timer left", async () => {
    const { process, network, clock } = await setUp();
    const { tokens } = process();
    await rejected(tokens.get(), network);
    const abort = new AbortController();
    const watching = tokens.watchForSignIn(abort.signal);
    await until(() => clock.pending() === 1);
    abort.abort(new Error("no longer wanted"));
    await expect(watching).rejects.toThrow("no longer wanted");
    expect(clock.pending()).toBe(0);
  });
});
