/** What a renewal and a refusal teach of a sign-in's end, told ahead by `token:expiring`. */
import { expect, it } from "vitest";
import type { AuthEvents } from "../../../src/auth/events.js";
import { until } from "../../support/manual-clock.js";
import { rejected } from "../../support/rejection.js";
import { address } from "./set-up.js";
import { signedIn } from "./signed-in.js";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

it("an end that Entra names in a renewal is kept with the record and told ahead, and one it names no more is forgotten", async () => {
  const { accounts, clock, process, simulator, tokens, user, vault } = await signedIn();
  expect((await vault.read(address))?.record).not.toHaveProperty("refreshEndsAt");
  user.set({ refreshTokenExpiresInSeconds: 20 * 86_400 });
  await clock.advance(hourMs);
  const endsAt = clock.now() + 20 * dayMs;
  await tokens.get();
  expect((await vault.read(address))?.record).toMatchObject({ refreshEndsAt: endsAt });
  await accounts.close();

  const next = process();
  const expiring = () => next.events.find(({ name }) => name === "token:expiring")?.payload as AuthEvents["token:expiring"] | undefined;
  await next.tokens.get();
  const down = simulator.faults.add({ name: "down", route: "token", status: 503 });
  next.accounts.keepAlive();
  // Twenty days are told of in their last fifth.
  await clock.advance(16 * dayMs - 2 * hourMs);
  expect(expiring()).toBeUndefined();
  await clock.advance(3 * hourMs);
  await until(() => expiring() !== undefined);
  expect(expiring()).toMatchObject({ queue: address, account: address, token: "refresh", why: "told", expiresAt: endsAt });

  down();
  user.set({ refreshTokenExpiresInSeconds: undefined });
  await next.tokens.get();
  expect((await next.vault.read(address))?.record).not.toHaveProperty("refreshEndsAt");
  await next.accounts.close();
});

it.each([70043, 70046])("AADSTS%i teaches how long the tenant's policy lets a sign-in live", async (aadsts) => {
  const { clock, network, signIn, simulator, tokens, vault } = await signedIn();
  for (let day = 0; day < 5; day += 1) {
    await clock.advance(dayMs);
    await tokens.get();
  }
  const ended = simulator.faults.add({ name: "sign-in frequency", route: "token", aadsts });
  await clock.advance(dayMs);
  expect(await rejected(tokens.get(), network)).toMatchObject({ serviceCode: `AADSTS${aadsts}` });
  ended();
  await signIn();
  expect((await vault.read(address))?.record).toMatchObject({ policyLifeMs: 5 * dayMs });
});

it("a revoked sign-in teaches no such life", async () => {
  const { clock, network, signIn, tokens, user, vault } = await signedIn();
  await clock.advance(dayMs);
  await tokens.get();
  user.revokeSessions();
  await clock.advance(dayMs);
  await rejected(tokens.get(), network);
  await signIn();
  expect((await vault.read(address))?.record).not.toHaveProperty("policyLifeMs");
});
