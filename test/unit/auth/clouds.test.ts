/** Each cloud by itself: whatever the way of signing in, nothing goes to a host of another one. */
import { describe, expect, it } from "vitest";
import type { SignInMethod } from "../../../src/auth/sign-in-method.js";
import { type CloudName, clouds } from "../../../src/base/cloud.js";
import { until } from "../../support/manual-clock.js";
import { rejected } from "../../support/rejection.js";
import { address, password, setUp } from "./set-up.js";

const names = Object.keys(clouds) as CloudName[];
type World = Awaited<ReturnType<typeof setUp>>;

const methods: Record<SignInMethod["method"], (world: World, shown: string[]) => SignInMethod> = {
  browser: ({ user }, shown) => ({
    method: "browser",
    async openUrl(url) {
      shown.push(url);
      await user.signInAt(url);
    },
  }),
  deviceCode: ({ user }) => ({ method: "deviceCode", onPrompt: ({ userCode }) => user.enterDeviceCode(userCode) }),
  password: () => ({ method: "password", password }),
  refreshToken: ({ user }) => ({ method: "refreshToken", refreshToken: user.issueRefreshToken() }),
};

describe.each(names)("in the cloud %s", (cloud) => {
  it.each(Object.keys(methods) as SignInMethod["method"][])(
    "%s and the renewals after it ask that cloud's two hosts alone",
    async (method) => {
      const world = await setUp({ cloud });
      const { network, clock, simulator } = world;
      const { accounts, tokens } = world.process();
      const shown: string[] = [];
      let done = false;
      const signingIn = accounts.signIn(address, methods[method](world, shown)).finally(() => {
        done = true;
      });
      if (method === "deviceCode") {
        await until(() => simulator.log.count({ route: "devicecode" }) === 1);
        await clock.advance(5_000);
      }
      await signingIn;
      expect(done).toBe(true);
      await clock.advance(3_600_000);
      await tokens.get();
      const { authorityHost, graphHost } = clouds[cloud];
      expect(new Set(network.hosts)).toEqual(new Set([authorityHost, graphHost]));
      for (const url of shown) expect(new URL(url).host).toBe(authorityHost);
    },
  );

  it("a token of another cloud opens nothing, and a refresh token of it is not taken", async () => {
    const { process, user, network, simulator } = await setUp({ cloud });
    const { accounts } = process();
    await accounts.signIn(address, { method: "refreshToken", refreshToken: user.issueRefreshToken() });
    const token = await accounts.tokens(address).get();
    const others = new Set(names.map((name) => clouds[name].graphHost).filter((host) => host !== clouds[cloud].graphHost));
    const statuses = await Promise.all(
      [...others].map(async (host) => {
        const answer = await simulator.fetch(`https://${host}/v1.0/me`, { headers: { authorization: `Bearer ${token}` } });
        await answer.text();
        return [host, answer.status] as const;
      }),
    );
    // The two US clouds share one authority, and so the simulator's tokens; the daemon asks its own host all the same.
    const shared = new Set(
      names.filter((name) => clouds[name].authorityHost === clouds[cloud].authorityHost).map((name) => clouds[name].graphHost),
    );
    for (const [host, status] of statuses) if (!shared.has(host)) expect([host, status]).toEqual([host, 401]);
    const foreign = (await setUp()).user.issueRefreshToken();
    expect((await rejected(accounts.signIn(address, { method: "refreshToken", refreshToken: foreign }), network)).code).toBe(
      "AUTH_SIGN_IN_REQUIRED",
    );
  });
});
