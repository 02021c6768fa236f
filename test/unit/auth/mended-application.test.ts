import { describe, expect, it } from "vitest";
import { rejected } from "../../support/rejection.js";
import { address } from "./set-up.js";
import { signedIn } from "./signed-in.js";

/** An account that Entra has just refused the application to. */
async function refused() {
  const world = await signedIn();
  const mend = world.simulator.faults.add({ name: "unknown app", route: "token", aadsts: 700016 });
  await world.clock.advance(3_600_000);
  expect((await rejected(world.tokens.get(), world.network)).code).toBe("AUTH_APP_REFUSED");
  expect(world.names()).toEqual(["app:refused"]);
  return { ...world, mend };
}

describe("the alarm for a refused application", () => {
  it("ends with a sign-in that works, before any renewal", async () => {
    const { mend, signIn, names, tokens, tokenRequests } = await refused();
    mend();
    await signIn();
    expect(names()).toEqual(["app:refused", "app:accepted", "queue:signed-in"]);
    const asked = tokenRequests();
    expect(await tokens.get()).toBeTypeOf("string");
    expect(tokenRequests()).toBe(asked);
  });

  it("goes on while sign-ins are refused as well", async () => {
    const { accounts, user, network, names } = await refused();
    const method = { method: "refreshToken", refreshToken: user.issueRefreshToken() } as const;
    expect((await rejected(accounts.signIn(address, method), network)).code).toBe("AUTH_APP_REFUSED");
    expect(names()).toEqual(["app:refused"]);
  });
});
