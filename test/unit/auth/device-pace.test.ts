import { describe, expect, it } from "vitest";
import type { DevicePrompt } from "../../../src/auth/methods/device-code.js";
import { deferred } from "../../support/deferred.js";
import { rejected } from "../../support/rejection.js";
import { address, jsonAnswer, setUp } from "./set-up.js";

const longestMs = 900_000;

/** A sign-in that waits for the person; Entra's answer with the code is changed as the test says. */
async function waiting(change: Readonly<Record<string, unknown>>) {
  const world = await setUp();
  const { accounts } = world.process();
  const prompted = deferred<DevicePrompt>();
  world.network.intercept = async (url, pass) => {
    const answer = await pass();
    if (!url.pathname.endsWith("/devicecode")) return answer;
    return jsonAnswer(200, { ...((await answer.json()) as object), ...change });
  };
  const ended = accounts.signIn(address, { method: "deviceCode", onPrompt: prompted.resolve, timeLimitMs: 3_600_000 });
  ended.catch(() => undefined);
  const prompt = await prompted.promise;
  world.network.intercept = undefined;
  return { ...world, ended, prompt };
}

describe("waiting for the person of a device code", () => {
  it.each([
    [9_000, "an interval of 9 s", 9],
    [5_000, "no interval", undefined],
    [5_000, "an interval of nothing", 0],
    [5_000, "an interval that has passed", -3],
    [5_000, "an interval in words", "soon"],
  ])("asks every %i ms when Entra names %s", async (everyMs, _, interval) => {
    const { clock, ended, prompt, tokenRequests, user } = await waiting({ interval });
    for (let asked = 0; asked < 3; asked += 1) {
      await clock.advance(everyMs - 1);
      expect(tokenRequests()).toBe(asked);
      await clock.advance(1);
      expect(tokenRequests()).toBe(asked + 1);
    }
    user.enterDeviceCode(prompt.userCode);
    await clock.advance(everyMs);
    await ended;
  });

  it("goes on after a 429, a round later", async () => {
    const { clock, ended, network, prompt, tokenRequests, user } = await waiting({});
    user.enterDeviceCode(prompt.userCode);
    let refused = 0;
    network.intercept = (_, pass) => {
      if (refused > 0) return pass();
      refused += 1;
      return Promise.resolve(jsonAnswer(429, { error: "temporarily_unavailable" }));
    };
    await clock.advance(5_000);
    expect(refused).toBe(1);
    await clock.advance(4_999);
    expect(tokenRequests()).toBe(0);
    await clock.advance(1);
    expect(await ended).toMatchObject({ queue: address, method: "deviceCode" });
    expect(tokenRequests()).toBe(1);
  });

  it.each([
    [longestMs, "an hour", 3_600],
    [longestMs, "no end", undefined],
    [60_000, "a minute", 60],
  ])("ends after %i ms when Entra names %s, and says so to the person before", async (lifeMs, _, seconds) => {
    const { clock, ended, network, prompt, tokenRequests } = await waiting({ expires_in: seconds });
    const endsAt = clock.now() + lifeMs;
    await clock.advance(lifeMs - 1);
    const asked = tokenRequests();
    expect(asked).toBe(lifeMs / 5_000 - 1);
    expect(clock.pending()).toBeGreaterThan(0);
    await clock.advance(1);
    expect(await rejected(ended, network)).toMatchObject({ code: "AUTH_TIMEOUT" });
    expect(tokenRequests()).toBe(asked);
    expect(prompt.expiresAt).toBe(endsAt);
    expect(clock.pending()).toBe(0);
  });
});
