import { describe, expect, it } from "vitest";
import { createApplicationBar } from "../../../src/auth/application-bar.js";
import { MailError } from "../../../src/base/errors.js";
import { createManualClock } from "../../support/manual-clock.js";
import { rejected } from "../../support/rejection.js";
import { stepping } from "../../support/stepping.js";
import { address, setUp } from "./set-up.js";

const refusal = (words: string) => new MailError("AUTH_APP_REFUSED", words);

function createScene() {
  const clock = createManualClock();
  const told: string[] = [];
  const bar = createApplicationBar({
    clock,
    onRefused: (account, { message }) => void told.push(`refused ${account}: ${message}`),
    onAccepted: () => void told.push("accepted"),
  });
  return { clock, told, bar };
}

describe("an application that Entra refuses", () => {
  it("is told of once, however many accounts meet it, and again only after it was accepted for all", () => {
    const { bar, told } = createScene();
    for (const account of ["a", "b", "c"]) bar.refused(account, refusal("off"));
    expect(told).toEqual(["refused a: off"]);
    for (const account of ["a", "b", "c"]) bar.accepted(account);
    expect(told).toEqual(["refused a: off", "accepted"]);
    bar.refused("b", refusal("off again"));
    expect(told.at(-1)).toBe("refused b: off again");
  });

  it("holds up the account that met it for a minute, and no other", async () => {
    const { bar, clock } = createScene();
    const error = refusal("off");
    bar.refused("a", error);
    expect(bar.refusal("a")).toBe(error);
    expect(bar.refusal("b")).toBeUndefined();
    await clock.advance(60_000);
    expect(bar.refusal("a")).toBeUndefined();
  });

  it("is asked for by one account a minute for all, once two have met it", async () => {
    const { bar, clock } = createScene();
    bar.refused("a", refusal("off"));
    bar.refused("b", refusal("off"));
    for (const account of ["a", "b", "c", "d"]) expect(bar.refusal(account)?.code).toBe("AUTH_APP_REFUSED");
    await clock.advance(60_000);
    expect(bar.refusal("c")).toBeUndefined();
    // Who asks for all is asked about it twice: when it wakes, and when it sends.
    expect(bar.refusal("c")).toBeUndefined();
    for (const account of ["a", "b", "d"]) expect(bar.refusal(account)?.code).toBe("AUTH_APP_REFUSED");
    bar.refused("c", refusal("still off"));
    expect(bar.refusal("d")?.message).toBe("still off");
  });

  it("lets everybody ask as soon as one was accepted", async () => {
    const { bar, clock } = createScene();
    bar.refused("a", refusal("off"));
    bar.refused("b", refusal("off"));
    await clock.advance(60_000);
    expect(bar.refusal("d")).toBeUndefined();
    bar.accepted("d");
    for (const account of ["a", "b", "c", "e"]) expect(bar.refusal(account)).toBeUndefined();
  });

  it("is asked for by another when the one that asked for all is gone", async () => {
    const { bar, clock } = createScene();
    bar.refused("a", refusal("off"));
    bar.refused("b", refusal("off"));
    await clock.advance(60_000);
    expect(bar.refusal("c")).toBeUndefined();
    bar.forget("c");
    await clock.advance(60_000);
    expect(bar.refusal("d")).toBeUndefined();
  });

  it("of an account that is gone is no reason for the alarm to last", () => {
    const { bar, told } = createScene();
    bar.refused("a", refusal("off"));
    bar.forget("a");
    expect(told.at(-1)).toBe("accepted");
  });
});

it("thirty accounts of a refused application give one alarm and one request a minute, and all go on by themselves", async () => {
  const { process, clock, simulator, tokenRequests, network } = await setUp();
  const { accounts, names } = process();
  const addresses = Array.from({ length: 30 }, (_, number) => `queue${number}@contoso.com`);
  for (const one of addresses) {
    accounts.add({ address: one });
    await accounts.signIn(one, { method: "refreshToken", refreshToken: simulator.addUser({ address: one }).issueRefreshToken() });
  }
  await clock.advance(3_600_000);
  simulator.log.clear();
  const off = simulator.faults.add({ name: "off", route: "token", aadsts: 7000112 });
  for (const one of addresses) expect((await rejected(accounts.tokens(one).get(), network)).code).toBe("AUTH_APP_REFUSED");
  expect(tokenRequests()).toBe(2);
  expect(names().filter((name) => name === "app:refused")).toHaveLength(1);
  expect(names()).not.toContain("queue:sign-in-required");

  const back = new Set<string>();
  const goOn = async (one: string) => {
    while (!back.has(one)) {
      await accounts.tokens(one).watchForSignIn();
      await accounts
        .tokens(one)
        .get()
        .then(
          () => back.add(one),
          () => undefined,
        );
    }
  };
  const goingOn = Promise.all(addresses.map(goOn));
  // In steps: what asks has its turns of the event loop in between.
  for (let passed = 0; passed < 600_000; passed += 500) await clock.advance(500);
  // Two had their own minute, from then on one asks for all.
  expect(tokenRequests()).toBeGreaterThanOrEqual(10);
  expect(tokenRequests()).toBeLessThanOrEqual(14);
  off();
  await stepping(goingOn, () => clock.advance(10_000));
  expect(names().filter((name) => name.startsWith("app:"))).toEqual(["app:refused", "app:accepted"]);
  await accounts.signIn(addresses[0] ?? address, {
    method: "refreshToken",
    refreshToken: simulator.user(addresses[0] ?? address).issueRefreshToken(),
  });
});

/** Two accounts whose renewals Entra has just refused for the application's sake. */
async function refusedTwo() {
  const world = await setUp();
  const process = world.process();
  const other = world.simulator.addUser({ address: "sales@contoso.com" });
  const sales = process.accounts.add({ address: other.address });
  for (const user of [world.user, other]) {
    await process.accounts.signIn(user.address, { method: "refreshToken", refreshToken: user.issueRefreshToken() });
  }
  await world.clock.advance(3_600_000);
  const off = world.simulator.faults.add({ name: "off", route: "token", aadsts: 7000112 });
  for (const tokens of [process.tokens, sales]) expect((await rejected(tokens.get(), world.network)).code).toBe("AUTH_APP_REFUSED");
  return { ...world, ...process, sales, off };
}

it("an account that comes to need a person has no part in the alarm any more, so the next one is told", async () => {
  const { tokens, sales, off, user, simulator, clock, network, names } = await refusedTwo();
  const alarms = () => names().filter((name) => name.startsWith("app:"));
  off();
  user.revokeSessions();
  await clock.advance(60_000);
  expect((await rejected(tokens.get(), network)).serviceCode).toBe("AADSTS50173");
  expect(alarms()).toEqual(["app:refused"]);
  await sales.get();
  expect(alarms()).toEqual(["app:refused", "app:accepted"]);
  await clock.advance(3_600_000);
  simulator.faults.add({ name: "off again", route: "token", aadsts: 7000112 });
  await rejected(sales.get(), network);
  expect(alarms()).toEqual(["app:refused", "app:accepted", "app:refused"]);
});

it("queues that nobody has signed in do not ask for all in the place of those who can", async () => {
  const { accounts, sales, off, clock, network } = await refusedTwo();
  const watches: Promise<unknown>[] = [];
  for (let number = 0; number < 5; number += 1) {
    const unsigned = accounts.add({ address: `new${number}@contoso.com` });
    expect((await rejected(unsigned.get(), network)).code).toBe("AUTH_SIGN_IN_REQUIRED");
    watches.push(unsigned.watchForSignIn());
  }
  off();
  const watching = sales.watchForSignIn();
  await clock.advance(65_000);
  // The minute is over: no later look is needed.
  await watching;
  expect(await sales.get()).toBeTypeOf("string");
  const ended = Promise.allSettled(watches);
  await accounts.close();
  await ended;
});
