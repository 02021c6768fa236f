import { describe, expect, it } from "vitest";
import { rejected } from "../../support/rejection.js";
import { address, password } from "./set-up.js";
import { signedIn } from "./signed-in.js";

const hourMs = 3_600_000;

/** An account whose token has ended, and whose sign-in Entra has just put off for ten minutes. */
async function putOff() {
  const world = await signedIn();
  await world.clock.advance(hourMs);
  world.simulator.faults.add({ name: "busy", route: "token", status: 429, retryAfter: 600, count: 1 });
  const error = await rejected(world.accounts.signIn(address, { method: "password", password }), world.network);
  expect(error).toMatchObject({ code: "AUTH_UNAVAILABLE", notBeforeAt: world.clock.now() + 600_000 });
  expect(world.tokenRequests()).toBe(1);
  return world;
}

describe("a pause that Entra asked a sign-in for", () => {
  it("holds the account's renewals too, until it is over", async () => {
    const { tokens, clock, network, tokenRequests } = await putOff();
    const endsAt = clock.now() + 600_000;
    await clock.advance(599_999);
    expect(await rejected(tokens.get(), network)).toMatchObject({ code: "AUTH_UNAVAILABLE", notBeforeAt: endsAt });
    expect(tokenRequests()).toBe(1);
    await clock.advance(1);
    expect(await tokens.get()).toBeTypeOf("string");
    expect(tokenRequests()).toBe(2);
  });

  it("holds the next sign-in and another process as well", async () => {
    const { process, accounts, clock, network, tokenRequests } = await putOff();
    const endsAt = clock.now() + 600_000;
    const again = await rejected(accounts.signIn(address, { method: "password", password }), network);
    expect(again).toMatchObject({ code: "AUTH_UNAVAILABLE", notBeforeAt: endsAt });
    expect(await rejected(process().tokens.get(), network)).toMatchObject({ code: "AUTH_UNAVAILABLE", notBeforeAt: endsAt });
    expect(tokenRequests()).toBe(1);
  });
});
