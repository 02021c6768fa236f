/** What a restart must not forget: the time that Entra named, and the passwords that were refused. */
import { describe, expect, it } from "vitest";
import { createEntraPause } from "../../../src/auth/entra-pause.js";
import { generateKey, keyRing } from "../../../src/auth/key-ring.js";
import { MailError } from "../../../src/base/errors.js";
import { deferred } from "../../support/deferred.js";
import { until } from "../../support/manual-clock.js";
import { rejected } from "../../support/rejection.js";
import { address, jsonAnswer, neverAnswers, password, setUp } from "./set-up.js";

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

  it("is not made shorter by a later, earlier one, nor by another process", async () => {
    const { process, network, clock, user, simulator, store } = await setUp();
    const { accounts, tokens } = process();
    await accounts.signIn(address, { method: "refreshToken", refreshToken: user.issueRefreshToken() });
    await clock.advance(3_600_000);
    const other = process();
    await other.vault.read(address);
    // Two requests on their way at once, of two processes: the first is told ten minutes, the second one.
    const holding = deferred();
    let met = 0;
    network.intercept = async () => {
      met += 1;
      if (met === 2) await holding.promise;
      return jsonAnswer(429, { error: "temporarily_unavailable" }, { "retry-after": met === 1 || met > 2 ? "600" : "60" });
    };
    const first = rejected(tokens.get(), network);
    await until(() => met === 1);
    const { notBeforeAt } = await first;
    const version = (await store.get(["entra-pause", address]))?.version;
    expect(notBeforeAt).toBe(clock.now() + 600_000);
    const pause = createEntraPause({ account: address, store, clock });
    await pause.remember(new MailError("AUTH_UNAVAILABLE", "sooner", { notBeforeAt: clock.now() + 60_000 }));
    expect((await store.get(["entra-pause", address]))?.version).toBe(version);
    await pause.remember(new MailError("AUTH_UNAVAILABLE", "later", { notBeforeAt: clock.now() + 900_000 }));
    holding.resolve();
    await clock.advance(599_000);
    expect(await rejected(other.tokens.get(), network)).toMatchObject({ notBeforeAt: clock.now() + 301_000 });
    expect(simulator.log.count({ route: "token" })).toBe(1);
  });

  it("is kept from any answer that names one, a proxy's page too", async () => {
    const { process, network, clock, user } = await setUp();
    const { accounts } = process();
    network.intercept = () => Promise.resolve(jsonAnswer(403, "<html>", { "retry-after": "600" }));
    await rejected(accounts.signIn(address, { method: "refreshToken", refreshToken: user.issueRefreshToken() }), network);
    network.intercept = undefined;
    const again = process().accounts.signIn(address, { method: "refreshToken", refreshToken: user.issueRefreshToken() });
    expect(await rejected(again, network)).toMatchObject({ notBeforeAt: clock.now() + 600_000, queue: address });
  });

  it("that one sign-in is told holds back the one that waited behind it", async () => {
    const { process, simulator, network, user, tokenRequests } = await setUp();
    simulator.faults.add({ name: "busy", route: "token", status: 429, retryAfter: 300, count: 1 });
    const { accounts } = process();
    const tries = [1, 2].map(() =>
      rejected(accounts.signIn(address, { method: "refreshToken", refreshToken: user.issueRefreshToken() }), network),
    );
    await Promise.all(tries);
    expect(tokenRequests()).toBe(1);
  });

  it("is not believed when it lies further ahead than any pause lasts, as after a clock that was wrong", async () => {
    const { process, clock, user, store } = await setUp();
    await store.commit({ puts: [{ key: ["entra-pause", address], value: { untilAt: clock.now() + 3_650 * 86_400_000 } }] });
    await process().accounts.signIn(address, { method: "refreshToken", refreshToken: user.issueRefreshToken() });
    await store.commit({ puts: [{ key: ["entra-pause", address], value: { untilAt: clock.now() + 24 * 3_600_000 } }] });
    await rejected(process().accounts.signIn(address, { method: "refreshToken", refreshToken: user.issueRefreshToken() }));
  });

  it("stops no queue whose token still serves, over a restart either", async () => {
    const { process, clock, user, simulator, network } = await setUp();
    const { accounts, tokens } = process();
    await accounts.signIn(address, { method: "refreshToken", refreshToken: user.issueRefreshToken() });
    const token = await tokens.get();
    simulator.faults.add({ name: "busy", route: "token", status: 429, retryAfter: 600, count: 1 });
    await rejected(accounts.signIn(address, { method: "refreshToken", refreshToken: user.issueRefreshToken() }), network);
    expect(await process().tokens.get()).toBe(token);
    await clock.advance(1_000);
    expect(await tokens.get()).toBe(token);
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

  it("is not tried again when its answer was lost, as Entra may have counted it", async () => {
    const { process, network, clock, tokenRequests } = await setUp();
    network.intercept = neverAnswers;
    const late = rejected(process().accounts.signIn(address, { method: "password", password }), network);
    await until(() => network.hosts.length > 0);
    await clock.advance(60_000);
    expect((await late).code).toBe("AUTH_TIMEOUT");
    network.intercept = undefined;
    expect((await rejected(process().accounts.signIn(address, { method: "password", password }), network)).remedy).toContain("tryAgain");
    expect(tokenRequests()).toBe(0);
    await process().accounts.signIn(address, { method: "password", password, tryAgain: true });
  });

  it("is tried again when Entra was not reached, as that says nothing about it", async () => {
    const { process, network, tokenRequests } = await setUp();
    network.intercept = () =>
      Promise.reject(new TypeError("fetch failed", { cause: Object.assign(new Error("x"), { code: "ECONNREFUSED" }) }));
    expect((await rejected(process().accounts.signIn(address, { method: "password", password }), network)).code).toBe("AUTH_UNREACHABLE");
    network.intercept = undefined;
    await process().accounts.signIn(address, { method: "password", password });
    expect(tokenRequests()).toBe(1);
  });

  it("is tried by one of two processes that try it at once", async () => {
    const { process, network, tokenRequests } = await setUp();
    const tries = [process(), process(), process()].map(({ accounts }) =>
      rejected(accounts.signIn(address, { method: "password", password: "wrong horse battery" }), network),
    );
    const messages = (await Promise.all(tries)).map(({ message }) => message);
    expect(tokenRequests()).toBe(1);
    expect(messages.filter((message) => message.includes("not tried again"))).toHaveLength(2);
  });

  it("is the name's, whichever queue it was tried for", async () => {
    const { process, network, simulator, tokenRequests } = await setUp();
    simulator.addUser({ address: "agent@contoso.com", password, aliases: ["one@contoso.com", "two@contoso.com"] });
    const { accounts } = process();
    for (const queue of ["one@contoso.com", "two@contoso.com"]) {
      accounts.add({ address: queue });
      await rejected(
        accounts.signIn(queue, { method: "password", username: "agent@contoso.com", password: "wrong horse battery" }),
        network,
      );
    }
    expect(tokenRequests()).toBe(1);
  });

  it("that cannot be read any more lets no password be tried until asked for, and is forgotten by a sign-in that works", async () => {
    const { process, network, tokenRequests, store } = await setUp();
    await rejected(process().accounts.signIn(address, { method: "password", password: "wrong horse battery" }), network);
    const other = keyRing([{ id: "k2", key: generateKey() }]);
    const blind = () => process(other).accounts;
    expect(await rejected(blind().signIn(address, { method: "password", password: "wrong horse battery" }), network)).toMatchObject({
      code: "AUTH_VAULT_KEY_UNKNOWN",
      remedy: expect.stringContaining("tryAgain"),
    });
    expect(tokenRequests()).toBe(1);
    await blind().signIn(address, { method: "password", password, tryAgain: true });
    expect(await store.list({ prefix: ["refused-passwords"], limit: 10 })).toEqual([]);
    await blind().signIn(address, { method: "password", password });
    expect(tokenRequests()).toBe(3);
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
