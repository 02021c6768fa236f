import { describe, expect, it } from "vitest";
import { refreshTokenFlow } from "../../../src/auth/methods/refresh-token.js";
import { graphScopes } from "../../../src/auth/scopes.js";
import { type CloudName, clouds } from "../../../src/base/cloud.js";
import { MailError } from "../../../src/base/errors.js";
import { settle } from "../../support/manual-clock.js";
import { leaks, rejected } from "../../support/rejection.js";
import { plantsLeak } from "../../support/secrets/showings.js";
import { address, type Intercept, jsonAnswer, neverAnswers, password, setUp } from "./set-up.js";

const scopes = graphScopes(clouds.global, false);

async function granted(options: Parameters<typeof setUp>[0] = {}) {
  const world = await setUp(options);
  const { entra } = world.process();
  const name = options.cloud ?? "global";
  const asked = graphScopes(clouds[name], false);
  const grant = await entra.acquire(
    { scopes: asked },
    refreshTokenFlow({ method: "refreshToken", refreshToken: world.user.issueRefreshToken() }),
  );
  const refresh = () => entra.refresh({ scopes: asked, cache: grant.cache, expected: grant.account });
  return { ...world, entra, grant, refresh };
}

describe("Entra", () => {
  it("gives a grant with the account, the life and a cache of one access token", async () => {
    const { grant, refresh, user, clock, simulator } = await granted();
    expect(grant.account).toEqual({
      homeAccountId: `${user.objectId}.${simulator.tenantId}`,
      objectId: user.objectId,
      tenantId: simulator.tenantId,
      username: address,
    });
    expect(grant.expiresAt).toBe(clock.now() + 3_600_000);
    expect(grant.scopes).toEqual(scopes);
    const next = await refresh();
    expect(next.rotated).toBe(true);
    const cache = JSON.parse(next.cache) as Record<string, Record<string, { secret: string }>>;
    expect(Object.values(cache.AccessToken ?? {}).map(({ secret }) => secret)).toEqual([next.accessToken]);
    expect(Object.keys(cache.RefreshToken ?? {})).toHaveLength(1);
    expect(Object.keys(cache.Account ?? {})).toHaveLength(1);
  });

  it("keeps no access token of other scopes beside the new one", async () => {
    const { entra, user } = await granted();
    const refreshToken = user.issueRefreshToken();
    const one = await entra.acquire(
      { scopes: ["https://graph.microsoft.com/User.Read"] },
      refreshTokenFlow({ method: "refreshToken", refreshToken }),
    );
    const two = await entra.refresh({ scopes: ["https://graph.microsoft.com/Mail.ReadWrite"], cache: one.cache, expected: one.account });
    expect(two.cache).toContain(two.accessToken);
    expect(two.cache).not.toContain(one.accessToken);
  });

  it.each(Object.keys(clouds) as CloudName[])("asks the authority of the cloud %s once, and no other host", async (cloud) => {
    const { network, tokenRequests, simulator, refresh } = await granted({ cloud });
    await refresh();
    expect(new Set(network.hosts)).toEqual(new Set([clouds[cloud].authorityHost]));
    expect(tokenRequests()).toBe(2);
    expect(simulator.log.count({ route: "discovery" })).toBe(0);
  });

  const html = "<html>sign in to the hotel's network</html>";
  const unusable: readonly (readonly [string, Intercept, string])[] = [
    ["a page of HTML", () => Promise.resolve(jsonAnswer(200, html)), "AUTH_BAD_RESPONSE"],
    ["a refusing page of HTML", () => Promise.resolve(jsonAnswer(403, html)), "AUTH_BAD_RESPONSE"],
    ["an empty answer", () => Promise.resolve(jsonAnswer(200, "")), "AUTH_BAD_RESPONSE"],
    ["an empty object", () => Promise.resolve(jsonAnswer(200, {})), "AUTH_BAD_RESPONSE"],
    ["null", () => Promise.resolve(jsonAnswer(200, "null")), "AUTH_BAD_RESPONSE"],
    ["a list", () => Promise.resolve(jsonAnswer(200, [])), "AUTH_BAD_RESPONSE"],
    ["a redirect", () => Promise.resolve(jsonAnswer(302, "", { location: "https://elsewhere.example" })), "AUTH_BAD_RESPONSE"],
    [
      "an access token alone",
      () => Promise.resolve(jsonAnswer(200, { access_token: "a-secret-access-token", expires_in: 3600 })),
      "AUTH_BAD_RESPONSE",
    ],
    [
      "a broken id token",
      () => Promise.resolve(jsonAnswer(200, { access_token: "a-secret-access-token", expires_in: 3600, id_token: "a.secret-id.token" })),
      "AUTH_BAD_RESPONSE",
    ],
    ["server trouble", () => Promise.resolve(jsonAnswer(502, html)), "AUTH_UNAVAILABLE"],
    [
      "a reset connection",
      () => Promise.reject(new TypeError("fetch failed", { cause: Object.assign(new Error("reset"), { code: "ECONNRESET" }) })),
      "AUTH_UNREACHABLE",
    ],
  ];
  it.each(unusable)("makes %s one of our errors, without a secret in it", async (_, intercept, code) => {
    const { network, refresh } = await granted();
    network.intercept = intercept;
    const error = await rejected(refresh(), network);
    expect(error.code).toBe(code);
    expect(error.message).not.toContain("hotel");
  });

  it("makes a silent network a time-out", async () => {
    const { network, refresh, clock } = await granted();
    network.intercept = neverAnswers;
    const failing = rejected(refresh(), network);
    await settle();
    await clock.advance(30_000);
    expect((await failing).code).toBe("AUTH_TIMEOUT");
  });

  it("keeps Retry-After as seconds, with a fraction, and as a date", async () => {
    const { network, refresh, clock } = await granted();
    const until = new Date(clock.now() + 90_000).toUTCString();
    for (const [header, ms] of [
      ["120", 120_000],
      ["0.5", 500],
      [until, 90_000],
    ] as const) {
      network.intercept = () => Promise.resolve(jsonAnswer(429, { error: "temporarily_unavailable" }, { "retry-after": header }));
      expect(await rejected(refresh(), network)).toMatchObject({ code: "AUTH_UNAVAILABLE", status: 429, notBeforeAt: clock.now() + ms });
    }
  });

  it("refuses another user's token on a refresh", async () => {
    const { network, refresh, simulator, entra } = await granted();
    const other = simulator.addUser({ address: "sales@contoso.com" });
    let stolen = "";
    network.intercept = async (_, pass) => {
      const answer = await pass();
      stolen = await answer.clone().text();
      return answer;
    };
    await entra.acquire({ scopes }, refreshTokenFlow({ method: "refreshToken", refreshToken: other.issueRefreshToken() }));
    network.intercept = () => Promise.resolve(jsonAnswer(200, stolen));
    expect(await rejected(refresh(), network)).toMatchObject({
      code: "AUTH_WRONG_ACCOUNT",
      message: expect.stringContaining(other.objectId),
    });
  });

  /** Answers like the simulator, but for what `change` does to the body. */
  const changed =
    (change: (body: Record<string, unknown>) => void): Intercept =>
    async (_, pass) => {
      const body = (await (await pass()).json()) as Record<string, unknown>;
      change(body);
      return jsonAnswer(200, body);
    };

  it("refuses a sign-in that brings no refresh token, and keeps the one before on a refresh", async () => {
    const { network, refresh, entra, user, grant } = await granted();
    network.intercept = changed((body) => delete body.refresh_token);
    const acquiring = entra.acquire({ scopes }, refreshTokenFlow({ method: "refreshToken", refreshToken: user.issueRefreshToken() }));
    expect(await rejected(acquiring, network)).toMatchObject({
      code: "AUTH_BAD_RESPONSE",
      message: expect.stringContaining("refresh token"),
    });
    const kept = await refresh();
    expect(kept.rotated).toBe(false);
    expect(kept.accessToken).not.toBe(grant.accessToken);
    network.intercept = undefined;
    expect((await entra.refresh({ scopes, cache: kept.cache, expected: kept.account })).rotated).toBe(true);
  });

  it("takes an end of the refresh token beyond all numbers for none, so that the record can be read again", async () => {
    const { network, refresh } = await granted();
    network.intercept = async (_, pass) => {
      const text = (await (await pass()).text()).replace(/}\s*$/, ',"refresh_token_expires_in":1e999}');
      return jsonAnswer(200, text);
    };
    expect((await refresh()).refreshEndsAt).toBeUndefined();
  });

  it.each([undefined, 0, -1, "soon"])("refuses a token whose life is %s", async (life) => {
    const { network, refresh } = await granted();
    network.intercept = changed((body) => Object.assign(body, { expires_in: life }));
    expect((await rejected(refresh(), network)).code).toBe("AUTH_BAD_RESPONSE");
  });

  it("says that somebody must sign in when the cache has nothing to refresh with", async () => {
    const { network, entra, grant, tokenRequests } = await granted();
    const cache = JSON.stringify({ ...(JSON.parse(grant.cache) as object), RefreshToken: {} });
    expect((await rejected(entra.refresh({ scopes, cache, expected: grant.account }), network)).code).toBe("AUTH_SIGN_IN_REQUIRED");
    expect(tokenRequests()).toBe(1);
  });

  it("keeps what Entra echoes out of its errors, and what a host's fetch puts into its own", async () => {
    const { network, entra, refresh } = await granted();
    const flow = refreshTokenFlow({ method: "refreshToken", refreshToken: "1.AXa-refresh-token-that-somebody-typed" });
    network.intercept = () => {
      const echo = [...network.secrets].join(" ");
      return Promise.resolve(
        jsonAnswer(400, {
          error: "invalid_grant",
          suberror: echo,
          error_description: `AADSTS70000: ${echo}`,
          error_codes: [70000],
          trace_id: echo,
        }),
      );
    };
    expect(await rejected(entra.acquire({ scopes }, flow), network)).toMatchObject({ serviceCode: "AADSTS70000" });
    network.intercept = () => {
      const echo = [...network.secrets].join(" ");
      return Promise.reject(
        Object.assign(new Error(`POST failed: ${echo}`), { config: { data: echo }, code: echo, cause: { data: echo } }),
      );
    };
    expect((await rejected(refresh(), network)).code).toBe("AUTH_UNREACHABLE");
  });

  it("has errors whose search for secrets would find one, wherever it is planted", async () => {
    const { network } = await granted();
    const [secret = ""] = network.secrets;
    expect(secret.length).toBeGreaterThan(20);
    const hidden = Object.defineProperty(new Error("x"), "request", { value: { body: `refresh_token=${secret}` }, enumerable: false });
    const leaky = plantsLeak("what the search of an error must find", () => [
      new MailError("AUTH_UNAVAILABLE", `failed with ${secret}`),
      new MailError("AUTH_UNAVAILABLE", "failed", { cause: new Error(secret) }),
      new MailError("AUTH_UNAVAILABLE", "failed", { cause: new Error("a", { cause: { deep: { deeper: [{ deepest: secret }] } } }) }),
      new MailError("AUTH_UNAVAILABLE", "failed", { cause: hidden }),
      new MailError("AUTH_UNAVAILABLE", "failed", { remedy: secret }),
    ]);
    for (const planted of leaky) {
      expect(leaks(planted, network.secrets)).toContain(secret);
      await expect(rejected(Promise.reject(planted), network)).rejects.toThrow();
    }
  });

  it("refuses an app that the tenant does not know, and a user who has not consented, each with its remedy", async () => {
    const strange = await setUp({ clientId: "00000000-0000-4000-8000-000000000000" });
    const app = strange.process().accounts.signIn(address, { method: "password", password });
    expect(await rejected(app, strange.network)).toMatchObject({ code: "AUTH_APP_REFUSED", serviceCode: "AADSTS700016", scope: "daemon" });
    const { process, simulator, network } = await setUp();
    simulator.addUser({ address: "new@contoso.com", password, consented: false });
    const { accounts } = process();
    accounts.add({ address: "new@contoso.com" });
    expect(await rejected(accounts.signIn("new@contoso.com", { method: "password", password }), network)).toMatchObject({
      code: "AUTH_SIGN_IN_REQUIRED",
      serviceCode: "AADSTS65001",
      remedy: expect.stringContaining("consent"),
    });
  });
});
