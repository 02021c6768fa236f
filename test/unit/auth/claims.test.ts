import { describe, expect, it } from "vitest";
import type { SimulatedUser } from "../../../simulator/index.js";
import type { Accounts } from "../../../src/auth/accounts.js";
import { MailError } from "../../../src/base/errors.js";
import { deferred } from "../../support/deferred.js";
import { until } from "../../support/manual-clock.js";
import { rejected } from "../../support/rejection.js";
import { address, jsonAnswer, setUp } from "./set-up.js";

const claims = '{"access_token":{"nbf":{"essential":true,"value":"1772352000"}}}';
const refusal = new MailError("GRAPH_UNAUTHORIZED", "Graph answered 401.", { serviceCode: "InvalidAuthenticationToken", status: 401 });

async function signedIn() {
  const world = await setUp();
  const process = world.process();
  await process.accounts.signIn(address, { method: "refreshToken", refreshToken: world.user.issueRefreshToken() });
  const first = await process.tokens.get();
  world.simulator.log.clear();
  return { ...world, ...process, first };
}

/** Signs in by browser; what claims its page was asked for. */
async function claimsOfBrowser(accounts: Accounts, user: SimulatedUser): Promise<unknown> {
  let shown = "";
  await accounts.signIn(address, {
    method: "browser",
    async openUrl(url) {
      shown = url;
      await user.signInAt(url);
    },
  });
  const { access_token: asked } = JSON.parse(new URL(shown).searchParams.get("claims") ?? "{}") as { access_token?: unknown };
  return asked;
}

describe("a challenged token", () => {
  it("is one that was declared able to be challenged, and so lives for most of a day", async () => {
    const { simulator, clock, user, process } = await setUp({ lifetimeSeconds: "drawn" });
    const { accounts } = process();
    const { expiresAt } = await accounts.signIn(address, { method: "refreshToken", refreshToken: user.issueRefreshToken() });
    expect(expiresAt - clock.now()).toBeGreaterThanOrEqual(20 * 3_600_000);
    expect(expiresAt - clock.now()).toBeLessThanOrEqual(28 * 3_600_000);
    expect(simulator.log.count({ route: "token" })).toBe(1);
  });

  it("leads to one request with the claims, for all who met it, and to no stored token", async () => {
    const { tokens, first, tokenRequests } = await signedIn();
    const got = await Promise.all([1, 2, 3, 4].map(() => tokens.get({ refused: first, claims })));
    expect(new Set(got).size).toBe(1);
    expect(got[0]).not.toBe(first);
    expect(tokenRequests()).toBe(1);
    // Whoever comes late with the old token gets the new one from memory.
    expect(await tokens.get({ refused: first, claims })).toBe(got[0]);
    expect(tokenRequests()).toBe(1);
  });

  it("is not answered by a renewal that began without the claims", async () => {
    const { tokens, first, tokenRequests, network, clock } = await signedIn();
    const answer = network.holdNextAnswer();
    // The renewal ahead of its time is on its way when Graph challenges the token.
    await clock.advance(3_600_000 * 0.91);
    expect(await tokens.get()).toBe(first);
    await answer.held;
    const challenged = tokens.get({ refused: first, claims });
    answer.release();
    expect(await challenged).not.toBe(first);
    expect(tokenRequests()).toBe(2);
  });

  it("that was renewed since for another reason still leads to one that answers the claims", async () => {
    const { tokens, first, tokenRequests } = await signedIn();
    const unasked = await tokens.get({ refused: first });
    const answering = await tokens.get({ refused: first, claims });
    expect([first, unasked]).not.toContain(answering);
    expect(tokenRequests()).toBe(2);
    expect(await tokens.get({ refused: unasked, claims })).toBe(answering);
    expect(tokenRequests()).toBe(2);
  });

  it("that Entra will not renew leads to the sign-in, which is asked for the claims", async () => {
    const { tokens, first, network, names, accounts, user } = await signedIn();
    network.intercept = () =>
      Promise.resolve(jsonAnswer(400, { error: "interaction_required", suberror: "basic_action", error_codes: [50076] }));
    expect(await rejected(tokens.get({ refused: first, claims }), network)).toMatchObject({ code: "AUTH_SIGN_IN_REQUIRED" });
    expect(names()).toEqual(["queue:signed-in", "queue:sign-in-required"]);
    network.intercept = undefined;
    expect(await claimsOfBrowser(accounts, user)).toMatchObject({
      nbf: { essential: true, value: "1772352000" },
      xms_cc: { values: ["CP1"] },
    });
    expect(tokens.state().state).toBe("ready");
  });
});

describe("a token refused a second time", () => {
  it("is told once, waits for a sign-in, and is tried again by itself, later and later", async () => {
    const { tokens, first, network, events, clock, tokenRequests } = await signedIn();
    const second = await tokens.get({ refused: first, claims });
    const error = await tokens.refusedAgain({ refused: second, claims, error: refusal });
    expect(error).toMatchObject({
      code: "AUTH_SIGN_IN_REQUIRED",
      serviceCode: "InvalidAuthenticationToken",
      who: "user",
      step: "sign-in",
      notBeforeAt: clock.now() + 45_000,
    });
    expect(error.message).not.toContain("nbf");
    expect(await rejected(tokens.get(), network)).toBe(error);
    // The others that met it are told the same.
    expect(await tokens.refusedAgain({ refused: second, claims, error: refusal })).toBe(error);
    expect(events.filter(({ name }) => name === "queue:sign-in-required")).toHaveLength(1);
    const asked = tokenRequests();
    let came = false;
    const watching = tokens.watchForSignIn().then(() => {
      came = true;
    });
    await clock.advance(40_000);
    expect([came, tokenRequests()]).toEqual([false, asked]);
    await clock.advance(10_000);
    await watching;
    expect(await tokens.get()).not.toBe(second);
    expect(tokens.state().state).toBe("ready");
    // The second time in a row it waits twice as long.
    const third = await tokens.refusedAgain({ refused: await tokens.get(), claims, error: refusal });
    expect(third.notBeforeAt).toBe(clock.now() + 90_000);
    // It was no news: the same record, which does after all.
    expect(events.filter(({ name }) => name === "queue:signed-in")).toHaveLength(1);
  });

  it("is no reason to wait when a sign-in has brought another meanwhile", async () => {
    const { tokens, first, accounts, user, names } = await signedIn();
    await accounts.signIn(address, { method: "refreshToken", refreshToken: user.issueRefreshToken() });
    expect(await tokens.refusedAgain({ refused: first, error: refusal })).toBe(refusal);
    expect(await tokens.get()).toBeTypeOf("string");
    expect(names()).not.toContain("queue:sign-in-required");
  });

  it("is in use again at once after a sign-in", async () => {
    const { tokens, accounts, user, clock } = await signedIn();
    await tokens.refusedAgain({ refused: await tokens.get(), error: refusal });
    const watching = tokens.watchForSignIn();
    await accounts.signIn(address, { method: "refreshToken", refreshToken: user.issueRefreshToken() });
    await watching;
    expect(await tokens.get()).toBeTypeOf("string");
    expect(clock.pending()).toBe(0);
  });

  it("leaves no claims to the next sign-in once a token has done after all", async () => {
    const { tokens, first, accounts, user, clock } = await signedIn();
    const second = await tokens.get({ refused: first });
    await tokens.refusedAgain({ refused: second, claims, error: refusal });
    await clock.advance(60_000);
    await tokens.get();
    const asked = await claimsOfBrowser(accounts, user);
    expect(asked).toHaveProperty("xms_cc");
    expect(asked).not.toHaveProperty("nbf");
  });

  it("is no reason to wait when another process has signed in meanwhile", async () => {
    const { tokens, first, process, user, names } = await signedIn();
    const second = await tokens.get({ refused: first });
    const other = process();
    await other.accounts.signIn(address, { method: "refreshToken", refreshToken: user.issueRefreshToken() });
    expect(await tokens.refusedAgain({ refused: second, error: refusal })).toBe(refusal);
    await tokens.watchForSignIn();
    expect(await tokens.get()).toBe(await other.tokens.get());
    expect(names()).toEqual(["queue:signed-in", "token:refreshed"]);
  });

  it.each(["before", "after"])("is no reason to wait when a sign-in here is written %s the record is looked at", async (when) => {
    const { tokens, first, accounts, user, names, store } = await signedIn();
    const signIn = () => accounts.signIn(address, { method: "refreshToken", refreshToken: user.issueRefreshToken() });
    const looking = deferred();
    let refusing: Promise<unknown> | undefined;
    const refuse = () => {
      store.holdNextGet = looking.promise;
      refusing = tokens.refusedAgain({ refused: first, error: refusal });
      return until(() => store.holdNextGet === undefined);
    };
    if (when === "after") await refuse();
    const { commit } = store;
    store.commit = async (given) => {
      const done = await commit(given);
      // Written, and not in use yet.
      if (!refusing) await refuse();
      return done;
    };
    await signIn();
    looking.resolve();
    expect(await refusing).toBe(refusal);
    expect(tokens.state().state).toBe("ready");
    expect(names()).toEqual(["queue:signed-in", "queue:signed-in"]);
  });
});
