/** What a restart must not forget: the time that Entra named, and the passwords that were refused. */
import { describe, expect, it } from "vitest";
import { deferred } from "../../support/deferred.js";
import { until } from "../../support/manual-clock.js";
import { rejected } from "../../support/rejection.js";
import { address, neverAnswers, password, setUp } from "./set-up.js";

describe("the time that Entra named", () => {
  it("holds after a restart, for renewals and for sign-ins, and then no longer", async () => {
    const { process, network, clock, user, tokenRequests, simulator } = await setUp();
    const { accounts, tokens } = process();
    await accounts.signIn(address, { method: "refreshToken", refreshToken: user.issueRefreshToken() });
    await clock.advance(3_600_000);
    simulator.faults.add({ name: "busy", route: "token", status: 429, retryAfter: 120, count: 1 });
    await rejected(tokens.get(), network);
    const asked = tokenRequests();
    const untilAt = clock.now() + 120_000;
    await clock.advance(119_000);

    const next = process();
    expect(await rejected(next.tokens.get(), network)).toMatchObject({ code: "AUTH_UNAVAILABLE", notBeforeAt: untilAt });
    const signingIn = next.accounts.signIn(address, { method: "refreshToken", refreshToken: user.issueRefreshToken() });
    expect(await rejected(signingIn, network)).toMatchObject({ notBeforeAt: untilAt });
    expect(tokenRequests()).toBe(asked);
    await clock.advance(1_000);
    expect(await next.tokens.get()).toBeTypeOf("string");
  });

  it("is not made shorter by a later, earlier one", async () => {
    const { process, network, clock, user, simulator } = await setUp();
    const { accounts, tokens } = process();
    await accounts.signIn(address, { method: "refreshToken", refreshToken: user.issueRefreshToken() });
    await clock.advance(3_600_000);
    simulator.faults.add({ name: "busy", route: "token", status: 503, retryAfter: 600, count: 1 });
    const first = await rejected(tokens.get(), network);
    await clock.advance(300_000);
    expect(await rejected(process().tokens.get(), network)).toMatchObject({ notBeforeAt: first.notBeforeAt });
  });

  it("of one account holds up no other", async () => {
    const { process, network, clock, user, simulator } = await setUp();
    const other = simulator.addUser({ address: "sales@contoso.com" });
    const { accounts, tokens } = process();
    const sales = accounts.add({ address: other.address });
    await accounts.signIn(address, { method: "refreshToken", refreshToken: user.issueRefreshToken() });
    await accounts.signIn(other.address, { method: "refreshToken", refreshToken: other.issueRefreshToken() });
    await clock.advance(3_600_000);
    simulator.faults.add({ name: "busy", route: "token", mailbox: address, status: 429, retryAfter: 600 });
    await rejected(tokens.get(), network);
    expect(await sales.get()).toBeTypeOf("string");
  });
});

describe("a refused password", () => {
  it("is not tried again after a restart, by whatever spelling of the name", async () => {
    const { process, network, tokenRequests } = await setUp();
    await rejected(process().accounts.signIn(address, { method: "password", password: "wrong horse battery" }), network);
    for (const username of [address, address.toUpperCase()]) {
      const again = process().accounts.signIn(address, { method: "password", password: "wrong horse battery", username });
      expect(await rejected(again, network)).toMatchObject({
        serviceCode: "AADSTS50126",
        message: expect.stringContaining("not tried again"),
      });
    }
    expect(tokenRequests()).toBe(1);
    await process().accounts.signIn(address, { method: "password", password });
    expect(tokenRequests()).toBe(2);
  });

  it("is not tried again when the process ended while it was being tried", async () => {
    const { process, network, tokenRequests } = await setUp();
    const asked = deferred();
    network.intercept = (...given) => {
      asked.resolve();
      return neverAnswers(...given);
    };
    // The process ends here: nothing of this sign-in is ever heard again.
    const first = process().accounts.signIn(address, { method: "password", password });
    first.catch(() => undefined);
    await asked.promise;
    network.intercept = undefined;
    expect(await rejected(process().accounts.signIn(address, { method: "password", password }), network)).toMatchObject({
      code: "AUTH_SIGN_IN_REQUIRED",
      remedy: expect.stringContaining("tryAgain"),
    });
    expect(tokenRequests()).toBe(0);
    await process().accounts.signIn(address, { method: "password", password, tryAgain: true });
    expect(tokenRequests()).toBe(1);
  });

  it("is tried again when nobody answered, as that says nothing about it", async () => {
    const { process, network, clock, tokenRequests } = await setUp();
    network.intercept = neverAnswers;
    const late = rejected(process().accounts.signIn(address, { method: "password", password }), network);
    await until(() => network.hosts.length > 0);
    await clock.advance(60_000);
    expect((await late).code).toBe("AUTH_TIMEOUT");
    network.intercept = undefined;
    await process().accounts.signIn(address, { method: "password", password });
    expect(tokenRequests()).toBe(1);
  });

  it("by a refusal that no password can pass holds up every other password too, until asked for", async () => {
    const { process, network, simulator, tokenRequests } = await setUp();
    const user = simulator.addUser({ address: "mfa@contoso.com", password, mfaRequired: true });
    const signIn = (given: string, more: { tryAgain?: boolean } = {}) => {
      const { accounts } = process();
      accounts.add({ address: "mfa@contoso.com" });
      return accounts.signIn("mfa@contoso.com", { method: "password", password: given, ...more });
    };
    await rejected(signIn(password), network);
    expect(await rejected(signIn("another horse battery"), network)).toMatchObject({
      serviceCode: "AADSTS50076",
      message: expect.stringContaining("No password"),
    });
    expect(tokenRequests()).toBe(1);
    user.set({ mfaRequired: false });
    await signIn(password, { tryAgain: true });
    expect(tokenRequests()).toBe(2);
  });

  it("of one name says nothing of another's", async () => {
    const { process, network, simulator } = await setUp();
    simulator.addUser({ address: "agent@contoso.com", password, aliases: [] });
    const { accounts } = process();
    await rejected(accounts.signIn(address, { method: "password", password: "wrong horse battery" }), network);
    const other = accounts.signIn(address, { method: "password", password: "wrong horse battery", username: "agent@contoso.com" });
    expect((await rejected(other, network)).message).not.toContain("not tried again");
  });
});
