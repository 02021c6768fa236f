/** Refusals that are tried again by themselves, an hour later: what is asked meanwhile, and what is told. */
import { expect, it } from "vitest";
import { rejected } from "../../support/rejection.js";
import { address, jsonAnswer, setUp } from "./set-up.js";

const hourMs = 3_600_000;

/** Signed in, with an access token that has ended. */
async function toRenew() {
  const world = await setUp();
  const process = world.process();
  await process.accounts.signIn(address, { method: "refreshToken", refreshToken: world.user.issueRefreshToken() });
  await world.clock.advance(hourMs);
  const told = () => process.events.flatMap(({ payload }) => ("serviceCode" in payload ? [payload.serviceCode] : []));
  /** Moves the time to just before the hour is over, sees that it is waited for, and lets it pass. */
  const hour = async () => {
    let came = false;
    const watching = process.tokens.watchForSignIn().then(() => {
      came = true;
    });
    await world.clock.advance(hourMs - 5_000);
    expect(came).toBe(false);
    await world.clock.advance(10_000);
    await watching;
  };
  return { ...world, ...process, told, hour };
}

it.each(["0", "60"])(
  "a Retry-After of %s s beside a refusal that only a person mends is no invitation to come within the hour",
  async (after) => {
    const { tokens, network, hour, told } = await toRenew();
    let asked = 0;
    network.intercept = () => {
      asked += 1;
      return Promise.resolve(jsonAnswer(400, { error: "invalid_grant", error_codes: [50173] }, { "retry-after": after }));
    };
    for (let times = 1; times <= 3; times += 1) {
      expect((await rejected(tokens.get(), network)).serviceCode).toBe("AADSTS50173");
      await rejected(tokens.get(), network);
      expect(asked).toBe(times);
      await hour();
    }
    expect(told()).toEqual(["AADSTS50173"]);
  },
);

it("an answer with another user's token is tried again after an hour, as it may have been mixed up", async () => {
  const { tokens, network, hour, names, process, simulator } = await toRenew();
  const other = simulator.addUser({ address: "sales@contoso.com" });
  const { accounts } = process();
  accounts.add({ address: other.address });
  let theirs = "";
  network.intercept = async (url, pass) => {
    const answer = await pass();
    if (url.pathname.endsWith("/token")) theirs = await answer.clone().text();
    return answer;
  };
  await accounts.signIn(other.address, { method: "refreshToken", refreshToken: other.issueRefreshToken() });
  network.intercept = () => Promise.resolve(jsonAnswer(200, theirs));
  expect((await rejected(tokens.get(), network)).code).toBe("AUTH_WRONG_ACCOUNT");
  network.intercept = undefined;
  expect((await rejected(tokens.get(), network)).code).toBe("AUTH_WRONG_ACCOUNT");
  await hour();
  expect(await tokens.get()).toBeTypeOf("string");
  expect(names()).toEqual(["queue:signed-in", "queue:sign-in-required", "token:refreshed"]);
});

it("another reason for the same record is told, and the same one again is not", async () => {
  const { tokens, network, hour, told, simulator, user } = await toRenew();
  const policy = simulator.faults.add({ name: "policy", route: "token", aadsts: 53003 });
  for (let times = 0; times < 2; times += 1) {
    await rejected(tokens.get(), network);
    await hour();
  }
  expect(told()).toEqual(["AADSTS53003"]);
  policy();
  user.revokeSessions();
  await rejected(tokens.get(), network);
  expect(told()).toEqual(["AADSTS53003", "AADSTS50173"]);
});

it("what another process has renewed since is in use within five seconds, and is no news of a sign-in", async () => {
  const { tokens, network, clock, names, process, simulator } = await toRenew();
  const policy = simulator.faults.add({ name: "policy", route: "token", aadsts: 53003 });
  await rejected(tokens.get(), network);
  policy();
  const watching = tokens.watchForSignIn();
  const renewed = await process().tokens.get();
  await clock.advance(5_000);
  await watching;
  expect(await tokens.get()).toBe(renewed);
  expect(names()).toEqual(["queue:signed-in", "queue:sign-in-required"]);
});
