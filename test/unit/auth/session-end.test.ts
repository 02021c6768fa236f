import { describe, expect, it } from "vitest";
import type { AuthEvents } from "../../../src/auth/events.js";
import { generateKey, keyRing, type VaultKey } from "../../../src/auth/key-ring.js";
import { policyLifeOf, sessionEnd } from "../../../src/auth/session-end.js";
import { settle, until } from "../../support/manual-clock.js";
import { rejected } from "../../support/rejection.js";
import { address, setUp, type Told } from "./set-up.js";

const dayMs = 86_400_000;
const at = Date.parse("2026-03-01T08:00:00Z");

describe("the end of a sign-in", () => {
  it("is 90 days after its last use, and said from a fortnight before", () => {
    expect(sessionEnd({ signedInAt: 0, refreshedAt: at })).toEqual({ at: at + 90 * dayMs, why: "unused", warnAt: at + 76 * dayMs });
  });

  it("is the time that Entra named, when that is sooner, and said for the last fifth of a short life", () => {
    expect(sessionEnd({ signedInAt: 0, refreshedAt: at, refreshEndsAt: at + dayMs })).toEqual({
      at: at + dayMs,
      why: "told",
      warnAt: at + 0.8 * dayMs,
    });
  });

  it("is where a policy ended the one before, however often it was used since", () => {
    expect(sessionEnd({ signedInAt: at, refreshedAt: at + 6 * dayMs, policyLifeMs: 7 * dayMs })).toMatchObject({
      at: at + 7 * dayMs,
      why: "policy",
    });
  });

  it("that a policy set is learned from how long the sign-in worked", () => {
    expect(policyLifeOf({ signedInAt: at, refreshedAt: at + 5 * dayMs }, at + 9 * dayMs)).toBe(5 * dayMs);
    expect(policyLifeOf({ signedInAt: at, refreshedAt: at }, at + dayMs)).toBe(dayMs);
  });
});

type Expiring = AuthEvents["token:expiring"];

async function signedIn() {
  const world = await setUp();
  const { accounts, tokens, events } = world.process();
  const signIn = () => accounts.signIn(address, { method: "refreshToken", refreshToken: world.user.issueRefreshToken() });
  await signIn();
  const endings = () =>
    events
      .filter(({ name }) => name === "token:expiring")
      .map(({ payload }) => payload as Expiring)
      .filter(({ token }) => token === "refresh");
  return { ...world, accounts, tokens, events, signIn, endings };
}

describe("sign-ins that nobody uses", () => {
  it("are renewed once a day, so that they do not die of disuse, and nothing is said", async () => {
    const { accounts, clock, tokenRequests, endings, tokens } = await signedIn();
    accounts.keepAlive();
    const begunAt = clock.now();
    while (tokenRequests() < 121) await clock.advance(3_600_000);
    expect((clock.now() - begunAt) / dayMs).toBeGreaterThanOrEqual(120);
    expect(endings()).toEqual([]);
    expect(await tokens.get()).toBeTypeOf("string");
    await accounts.close();
    expect(clock.pending()).toBe(0);
  });

  it("would have died without that", async () => {
    const { clock, tokens, network, accounts } = await signedIn();
    await clock.advance(120 * dayMs);
    expect(await rejected(tokens.get(), network)).toMatchObject({ serviceCode: "AADSTS700082" });
    await accounts.close();
  });

  it("that cannot be renewed are told of once a day from a fortnight before their end, with what hinders", async () => {
    const { accounts, clock, simulator, endings, signIn, tokenRequests } = await signedIn();
    simulator.faults.add({ name: "down", route: "token", status: 503 });
    const endsAt = clock.now() + 90 * dayMs;
    accounts.keepAlive();
    /** An hour, with its look come to its end: the clock must not outrun a request's deadline. */
    const hour = async () => {
      const asked = tokenRequests();
      await clock.advance(3_600_000);
      await until(() => tokenRequests() > asked && clock.pending() === 1);
    };
    clock.freeze(75 * dayMs);
    await hour();
    expect(endings()).toEqual([]);
    for (let hours = 0; hours < 24; hours += 1) await hour();
    for (let day = 1; day <= 5; day += 1) {
      for (let hours = 0; hours < 24; hours += 1) await hour();
      await until(() => endings().length >= day);
      expect(endings().length).toBeLessThanOrEqual(day + 1);
    }
    expect(endings()[0]).toMatchObject({
      queue: address,
      account: address,
      expiresAt: endsAt,
      why: "unused",
      code: "AUTH_UNAVAILABLE",
      step: expect.any(String),
      remedy: expect.stringContaining("docs/setup-entra.md#"),
    });
    simulator.faults.clear();
    await signIn();
    const told = endings().length;
    await clock.advance(60 * dayMs);
    expect(endings()).toHaveLength(told);
    await accounts.close();
  });

  it("are renewed also when no queue has asked for a token since the start", async () => {
    const { accounts: before, process, clock } = await signedIn();
    await before.close();
    const { accounts, tokens, names } = process();
    accounts.keepAlive();
    for (let day = 0; day < 100; day += 1) await clock.advance(dayMs);
    expect(await tokens.get()).toBeTypeOf("string");
    expect(new Set(names())).toEqual(new Set(["token:refreshed"]));
    await accounts.close();
  });

  it("are renewed also when another account's fails in a way that nobody foresaw", async () => {
    const { process, user, simulator, clock } = await setUp();
    const [k1, k2] = await keyRing([
      { id: "k1", key: generateKey() },
      { id: "k2", key: generateKey() },
    ]).load();
    let away = false;
    let failures = 0;
    const { accounts, events } = process({
      async load() {
        if (!away) return [k1 as VaultKey];
        failures += 1;
        throw new Error("away");
      },
    });
    const other = simulator.addUser({ address: "sales@contoso.com" });
    accounts.add({ address: other.address });
    await accounts.signIn(address, { method: "refreshToken", refreshToken: user.issueRefreshToken() });
    await accounts.signIn(other.address, { method: "refreshToken", refreshToken: other.issueRefreshToken() });
    // The first account's record names a key that the ring has not.
    await process({ load: async () => [k2 as VaultKey, k1 as VaultKey] }).accounts.signIn(address, {
      method: "refreshToken",
      refreshToken: user.issueRefreshToken(),
    });
    away = true;
    accounts.keepAlive();
    await clock.advance(2 * dayMs);
    const isRenewal = ({ name, payload }: Told) => name === "token:refreshed" && "queue" in payload && payload.queue === other.address;
    await until(() => events.some(isRenewal));
    expect(failures).toBeGreaterThan(0);
    await accounts.close();
  });

  it("whose account waits for a person are left alone", async () => {
    const { accounts, clock, user, tokens, network, tokenRequests } = await signedIn();
    user.revokeSessions();
    await clock.advance(2 * dayMs);
    await rejected(tokens.get(), network);
    const asked = tokenRequests();
    accounts.keepAlive();
    await clock.advance(30 * dayMs);
    expect(tokenRequests()).toBe(asked);
    await accounts.close();
  });
});

it("a sign-in that a policy ended tells the end of the next one ahead, over a restart too", async () => {
  const { accounts, clock, simulator, tokens, network, signIn, process, user } = await signedIn();
  const begunAt = clock.now();
  while (clock.now() < begunAt + 7 * dayMs) {
    await tokens.get();
    await clock.advance(dayMs / 2);
  }
  const frequency = simulator.faults.add({ name: "sign-in frequency", route: "token", aadsts: 70043 });
  await clock.advance(dayMs);
  expect(await rejected(tokens.get(), network)).toMatchObject({ serviceCode: "AADSTS70043", who: "administrator" });
  frequency();
  await signIn();
  await accounts.close();

  const next = process();
  await next.tokens.get();
  const { record } = (await next.vault.read(address)) ?? {};
  const { signedInAt = 0, policyLifeMs = 0 } = record ?? {};
  expect(policyLifeMs).toBe(6.5 * dayMs);
  next.accounts.keepAlive();
  // Each look waits for real cryptography: the clock must not outrun it.
  while (!next.names().includes("token:expiring")) {
    await clock.advance(3_600_000);
    await Promise.all([next.tokens.get(), settle()]);
  }
  expect(clock.now() - signedInAt).toBeGreaterThanOrEqual(policyLifeMs * 0.8);
  expect(clock.now() - signedInAt).toBeLessThan(policyLifeMs);
  const told = next.events.find(({ name }) => name === "token:expiring")?.payload as Expiring;
  expect(told).toMatchObject({ token: "refresh", why: "policy", step: "keeping-sign-ins-alive", expiresAt: signedInAt + policyLifeMs });
  expect(told).not.toHaveProperty("code");
  await next.accounts.signIn(address, { method: "refreshToken", refreshToken: user.issueRefreshToken() });
  await next.accounts.close();
});
