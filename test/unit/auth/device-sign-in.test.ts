import { describe, expect, it } from "vitest";
import type { DevicePrompt } from "../../../src/auth/methods/device-code.js";
import { deferred } from "../../support/deferred.js";
import { until } from "../../support/manual-clock.js";
import { rejected } from "../../support/rejection.js";
import { address, jsonAnswer, setUp } from "./set-up.js";

async function waiting(options: { signal?: AbortSignal; timeLimitMs?: number } = {}) {
  const world = await setUp();
  const process = world.process();
  const prompted = deferred<DevicePrompt>();
  const ended = process.accounts.signIn(address, { method: "deviceCode", onPrompt: prompted.resolve, ...options });
  ended.catch(() => undefined);
  const prompt = await prompted.promise;
  return { ...world, ...process, ended, prompt };
}

describe("signing in by device code", () => {
  it("shows the code, waits for the person at Entra's pace, and gives a token", async () => {
    const { ended, prompt, clock, user, tokens, tokenRequests, events, simulator } = await waiting();
    expect(prompt).toEqual({
      userCode: expect.stringMatching(/^[A-Z0-9]{6,12}$/),
      verificationUri: expect.stringMatching(/^https:\/\//),
      message: expect.stringContaining(prompt.userCode),
      expiresAt: clock.now() + 900_000,
    });
    await clock.advance(60_000);
    expect(tokenRequests()).toBe(12);
    expect(simulator.log.entries({ route: "token" }).map(({ code }) => code)).toEqual(Array.from({ length: 12 }, () => "AADSTS70016"));
    user.enterDeviceCode(prompt.userCode);
    await clock.advance(5_000);
    expect(await ended).toMatchObject({ method: "deviceCode", objectId: user.objectId });
    expect(tokenRequests()).toBe(13);
    expect(await tokens.get()).toBeTypeOf("string");
    expect(events).toEqual([{ name: "queue:signed-in", payload: { queue: address, account: address, method: "deviceCode" } }]);
    expect(clock.pending()).toBe(0);
  });

  it("asks more slowly when told to, later after an outage, and does not give up for either", async () => {
    const { ended, prompt, clock, user, tokenRequests, network, simulator } = await waiting();
    let slow = 0;
    network.intercept = (_url, pass) =>
      slow++ === 0
        ? Promise.resolve(jsonAnswer(400, { error: "slow_down" }))
        : slow === 2
          ? Promise.reject(new TypeError("fetch failed"))
          : pass();
    await clock.advance(5_000);
    expect(slow).toBe(1);
    await clock.advance(9_999);
    expect(slow).toBe(1);
    await clock.advance(1);
    await until(() => slow === 2);
    simulator.faults.add({ name: "busy", route: "token", status: 503, retryAfter: 60, count: 1 });
    await clock.advance(10_000);
    expect(tokenRequests()).toBe(1);
    await clock.advance(59_000);
    expect(tokenRequests()).toBe(1);
    user.enterDeviceCode(prompt.userCode);
    await clock.advance(1_000);
    await ended;
    expect(tokenRequests()).toBe(2);
  });

  it("ends when the person declines, when nobody comes, and when it is aborted; then nothing is asked any more", async () => {
    const declined = await waiting();
    declined.user.enterDeviceCode(declined.prompt.userCode, { decline: true });
    await declined.clock.advance(5_000);
    expect(await rejected(declined.ended, declined.network)).toMatchObject({ code: "AUTH_SIGN_IN_REQUIRED", remedy: expect.any(String) });

    const late = await waiting({ timeLimitMs: 3_600_000 });
    await late.clock.advance(900_000);
    expect(await rejected(late.ended, late.network)).toMatchObject({ code: "AUTH_TIMEOUT" });

    const abort = new AbortController();
    const aborted = await waiting({ signal: abort.signal });
    await aborted.clock.advance(12_000);
    abort.abort(new Error("no longer wanted"));
    await expect(aborted.ended).rejects.toThrow("no longer wanted");

    for (const { clock, tokenRequests, vault, network, prompt } of [declined, late, aborted]) {
      const asked = tokenRequests();
      await clock.advance(60_000);
      expect(tokenRequests()).toBe(asked);
      expect(clock.pending()).toBe(0);
      expect(await vault.version(address)).toBeNull();
      expect([...network.secrets]).not.toContain(prompt.userCode);
    }
  });

  it("ends at once when the code cannot be shown, or is not given at all", async () => {
    const { process, network, simulator, clock } = await setUp();
    const { accounts } = process();
    const onPrompt = () => {
      throw new Error("no screen");
    };
    const unshown = await rejected(accounts.signIn(address, { method: "deviceCode", onPrompt }), network);
    expect(unshown).toMatchObject({ code: "AUTH_SIGN_IN_REQUIRED", message: expect.stringContaining("onPrompt") });
    expect(clock.pending()).toBe(0);

    simulator.setApp({ publicClientFlows: false });
    let prompts = 0;
    const refused = await rejected(accounts.signIn(address, { method: "deviceCode", onPrompt: () => void prompts++ }), network);
    expect(refused).toMatchObject({
      code: "AUTH_APP_REFUSED",
      serviceCode: "AADSTS7000218",
      step: "public-client-flows",
      who: "developer",
    });
    network.intercept = () => Promise.resolve(jsonAnswer(200, { user_code: "ABC", interval: "soon" }));
    expect((await rejected(accounts.signIn(address, { method: "deviceCode", onPrompt: () => void prompts++ }), network)).code).toBe(
      "AUTH_BAD_RESPONSE",
    );
    expect(prompts).toBe(0);
  });

  it("that a policy blocks says so, and leaves everything else as it is", async () => {
    const { ended, prompt, clock, user, network, vault } = await waiting();
    user.set({ deviceCodeBlocked: true });
    user.enterDeviceCode(prompt.userCode);
    await clock.advance(5_000);
    expect(await rejected(ended, network)).toMatchObject({ serviceCode: "AADSTS53003", step: "conditional-access", who: "administrator" });
    expect(await vault.version(address)).toBeNull();
  });
});
