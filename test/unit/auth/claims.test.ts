import { describe, expect, it } from "vitest";
import { MailError } from "../../../src/base/errors.js";
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

  it("that Entra will not renew leads to the sign-in, which is asked for the claims", async () => {
    const { tokens, first, network, names, accounts, user } = await signedIn();
    network.intercept = () =>
      Promise.resolve(jsonAnswer(400, { error: "interaction_required", suberror: "basic_action", error_codes: [50076] }));
    expect(await rejected(tokens.get({ refused: first, claims }), network)).toMatchObject({ code: "AUTH_SIGN_IN_REQUIRED" });
    expect(names()).toEqual(["queue:signed-in", "queue:sign-in-required"]);
    network.intercept = undefined;
    let shown = "";
    await accounts.signIn(address, {
      method: "browser",
      async openUrl(url) {
        shown = url;
        await user.signInAt(url);
      },
    });
    const sent = JSON.parse(new URL(shown).searchParams.get("claims") ?? "{}") as { access_token?: { nbf?: unknown; xms_cc?: unknown } };
    expect(sent.access_token).toMatchObject({ nbf: { essential: true, value: "1772352000" }, xms_cc: { values: ["CP1"] } });
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
});
