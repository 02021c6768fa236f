/** `token:expiring` of an account that several queues share: each is told, by its own address. */
import { expect, it } from "vitest";
import type { AuthEvents } from "../../../src/auth/events.js";
import { until } from "../../support/manual-clock.js";
import { rejected } from "../../support/rejection.js";
import { address, setUp } from "./set-up.js";

const dayMs = 86_400_000;
const shared = ["Orders@contoso.com", "claims@contoso.com"];
const queues = [address, ...shared];

async function sharing() {
  const world = await setUp();
  const { accounts, tokens, events } = world.process();
  for (const queue of shared) accounts.add({ address: queue, account: address });
  await accounts.signIn(shared[0] ?? "", { method: "refreshToken", refreshToken: world.user.issueRefreshToken() });
  const expiring = () =>
    events.flatMap(({ name, payload }) => (name === "token:expiring" ? [payload as AuthEvents["token:expiring"]] : []));
  const { expiresAt = 0 } = (await tokens.get()) ? tokens.state() : {};
  const restore = world.simulator.faults.add({ name: "down", route: "token", status: 503 });
  return { ...world, accounts, tokens, expiring, expiresAt, restore };
}

it("an access token that cannot be renewed is told of once for each queue of its account", async () => {
  const { clock, tokens, expiring, expiresAt } = await sharing();
  await clock.advance(3_300_000);
  await tokens.get();
  await until(() => expiring().length > 0);
  expect(expiring()).toEqual(
    queues.map((queue) => expect.objectContaining({ queue, account: address, token: "access", expiresAt, code: "AUTH_UNAVAILABLE" })),
  );
});

it("a sign-in that comes to its end is told of once a day for each queue of its account, and not for one that is gone", async () => {
  const { accounts, clock, tokens, expiring, expiresAt, network } = await sharing();
  const endsAt = expiresAt - 3_600_000 + 90 * dayMs;
  accounts.keepAlive();
  await clock.advance(76 * dayMs + 3_600_000);
  await until(() => expiring().length > 0);
  expect(expiring()).toEqual(
    queues.map((queue) =>
      expect.objectContaining({ queue, account: address, token: "refresh", expiresAt: endsAt, why: "unused", code: "AUTH_UNAVAILABLE" }),
    ),
  );
  await accounts.remove(shared[0] ?? "");
  const before = expiring().length;
  while (expiring().length === before) await clock.advance(3_600_000);
  expect(
    expiring()
      .slice(before)
      .map(({ queue }) => queue),
  ).toEqual([address, shared[1]]);
  expect((await rejected(tokens.get(), network)).code).toBe("AUTH_UNAVAILABLE");
  await accounts.close();
});
