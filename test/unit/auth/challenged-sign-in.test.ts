/**
 * Promise 6, and that a sign-in ends a challenge whatever process it is made in: Graph may challenge the very token that
 * a sign-in has just brought (continuous access evaluation), and no process need remember that it did so before.
 */
import { describe, expect, it } from "vitest";
import { challengedClaims } from "../../../src/graph/challenge.js";
import { deferred } from "../../support/deferred.js";
import { rejected } from "../../support/rejection.js";
import { stepping } from "../../support/stepping.js";
import { address, type Intercept, jsonAnswer, password, setUp } from "./set-up.js";

type World = Awaited<ReturnType<typeof setUp>>;
type Process = ReturnType<World["process"]>;

const ways = {
  refreshToken: ({ accounts }: Process, { user }: World) =>
    accounts.signIn(address, { method: "refreshToken", refreshToken: user.issueRefreshToken() }),
  password: ({ accounts }: Process) => accounts.signIn(address, { method: "password", password }),
  browser: ({ accounts }: Process, { user }: World) =>
    accounts.signIn(address, { method: "browser", openUrl: (url) => user.signInAt(url, { password }) }),
  async deviceCode({ accounts }: Process, { user, clock }: World) {
    const prompted = deferred();
    const ended = accounts.signIn(address, {
      method: "deviceCode",
      onPrompt({ userCode }) {
        user.enterDeviceCode(userCode);
        prompted.resolve();
      },
    });
    await prompted.promise;
    return stepping(ended, () => clock.advance(1_000));
  },
} as const;
const names = Object.keys(ways) as (keyof typeof ways)[];

/** An account that is under a challenge of which this process knows nothing. */
async function challenged() {
  const world = await setUp();
  world.user.requireClaims();
  return { world, process: world.process() };
}

/** Signs in by browser; what claims its page was asked for. */
async function claimsOfBrowser({ accounts }: Process, { user }: World): Promise<unknown> {
  let shown = "";
  await accounts.signIn(address, {
    method: "browser",
    async openUrl(url) {
      shown = url;
      await user.signInAt(url, { password });
    },
  });
  return (JSON.parse(new URL(shown).searchParams.get("claims") ?? "{}") as { access_token?: unknown }).access_token;
}

/** Entra gives the first token, and refuses every further one. */
function onlyFirst(body: unknown): Intercept {
  let granted = false;
  return async (url, pass) => {
    if (!url.pathname.endsWith("/token")) return pass();
    if (granted) return jsonAnswer(400, body);
    const answer = await pass();
    granted = answer.status === 200;
    return answer;
  };
}
const mfa = { error: "interaction_required", suberror: "basic_action", error_codes: [50076] };

/** What Graph was asked about who signs in: how often, and the claims of its first challenge. */
function watchedQuestions({ network }: World) {
  const seen = { questions: 0, claims: undefined as string | undefined };
  network.intercept = async (url, pass) => {
    const answer = await pass();
    if (!url.pathname.endsWith("/v1.0/me")) return answer;
    seen.questions += 1;
    seen.claims ??= challengedClaims(answer.headers.get("www-authenticate"));
    return answer;
  };
  return seen;
}

describe("a sign-in whose first token Graph challenges", () => {
  it.each(names)("by %s answers with one more token, asked of Entra with the claims, and keeps that one", async (way) => {
    const { world, process } = await challenged();
    const seen = watchedQuestions(world);
    const result = await ways[way](process, world);
    expect(result).toMatchObject({ method: way, replaced: "nothing" });
    expect(seen).toEqual({ questions: 2, claims: expect.stringContaining("nbf") });
    const { log, fetch } = world.simulator;
    expect(log.entries({ route: "token" }).filter(({ status }) => status === 200)).toHaveLength(2);
    expect(process.names()).toEqual(["queue:signed-in"]);
    // What is in use is the token that answers, and not the one that was refused.
    const headers = { authorization: `Bearer ${await process.tokens.get()}` };
    expect((await fetch("https://graph.microsoft.com/v1.0/me", { headers })).status).toBe(200);
    expect((await process.vault.read(address))?.record).toMatchObject({ method: way, expiresAt: result.expiresAt });
  });

  it("answers a 403 with insufficient claims as well", async () => {
    const { world, process } = await challenged();
    const statuses: number[] = [];
    world.network.intercept = async (url, pass) => {
      const answer = await pass();
      if (!url.pathname.endsWith("/v1.0/me")) return answer;
      const status = answer.status === 401 ? 403 : answer.status;
      statuses.push(status);
      return new Response(answer.body, { status, headers: answer.headers });
    };
    expect(await ways.refreshToken(process, world)).toMatchObject({ method: "refreshToken" });
    expect(statuses).toEqual([403, 200]);
  });

  it.each(names)("by %s fails with Entra's own remedy when a person must answer, and the next page asks for it", async (way) => {
    const { world, process } = await challenged();
    world.network.intercept = onlyFirst(mfa);
    const error = await rejected(ways[way](process, world), world.network);
    expect(error).toMatchObject({ code: "AUTH_SIGN_IN_REQUIRED", serviceCode: "AADSTS50076", queue: address });
    expect(error.remedy).not.toContain("User.Read");
    expect(error.message).not.toContain("nbf");
    expect(await process.vault.read(address)).toBeUndefined();
    expect(process.names()).toEqual([]);
    world.network.intercept = undefined;
    expect(await claimsOfBrowser(process, world)).toMatchObject({ nbf: { essential: true }, xms_cc: { values: ["CP1"] } });
  });

  it("by password has had its password accepted, so that it may be sent again", async () => {
    const { world, process } = await challenged();
    world.network.intercept = onlyFirst(mfa);
    await rejected(ways.password(process), world.network);
    world.network.intercept = undefined;
    expect(await ways.password(process)).toMatchObject({ method: "password" });
  });

  it("ends when Graph challenges the answering token too: a person signs in, with what Graph asked last", async () => {
    const { world, process } = await challenged();
    const { faults, log } = world.simulator;
    const claims = btoa('{"access_token":{"nbf":{"value":"7"}}}');
    const mend = faults.add({
      name: "again",
      route: "me",
      status: 401,
      graphCode: "InvalidAuthenticationToken",
      headers: { "www-authenticate": `Bearer error="insufficient_claims", claims="${claims}"` },
    });
    const error = await rejected(ways.refreshToken(process, world), world.network);
    expect(error).toMatchObject({ code: "AUTH_SIGN_IN_REQUIRED", status: 401, who: "user", step: "browser" });
    expect(error.message).toContain("nothing was stored");
    expect([log.count({ route: "token" }), log.count({ route: "me" })]).toEqual([2, 2]);
    expect(await process.vault.read(address)).toBeUndefined();
    mend();
    expect(await claimsOfBrowser(process, world)).toMatchObject({ nbf: { value: "7" } });
  });

  it("leaves no claims behind that were answered, whoever it was", async () => {
    const world = await setUp();
    const process = world.process();
    const sales = world.simulator.addUser({ address: "sales@contoso.com" });
    sales.requireClaims();
    const refreshToken = sales.issueRefreshToken();
    const error = await rejected(process.accounts.signIn(address, { method: "refreshToken", refreshToken }), world.network);
    expect(error.code).toBe("AUTH_WRONG_ACCOUNT");
    expect(await claimsOfBrowser(process, world)).not.toHaveProperty("nbf");
  });

  it("does not ask Entra in vain when nothing is challenged", async () => {
    const world = await setUp();
    const seen = watchedQuestions(world);
    await ways.refreshToken(world.process(), world);
    expect([seen.questions, world.tokenRequests()]).toEqual([1, 1]);
  });
});

describe("a sign-in whose token Graph refuses without a challenge", () => {
  it("goes on with another token when that one will do", async () => {
    const world = await setUp();
    world.simulator.faults.add({ name: "once", route: "me", graphCode: "InvalidAuthenticationToken", status: 401, count: 1 });
    expect(await ways.refreshToken(world.process(), world)).toMatchObject({ method: "refreshToken" });
    expect(world.tokenRequests()).toBe(2);
  });

  it("is not told that a permission is missing", async () => {
    const world = await setUp();
    const process = world.process();
    world.simulator.faults.add({ name: "always", route: "me", graphCode: "InvalidAuthenticationToken", status: 401 });
    const error = await rejected(ways.refreshToken(process, world), world.network);
    expect(error).toMatchObject({ code: "GRAPH_UNAUTHORIZED", status: 401, who: "user", step: "sign-in" });
    expect(error.message).toContain("nothing was stored");
    expect(`${error.message} ${error.remedy}`).not.toMatch(/permission|User\.Read/);
    expect(world.tokenRequests()).toBe(2);
    expect(await process.vault.read(address)).toBeUndefined();
  });

  it("is told so by a 403, which no other token mends", async () => {
    const world = await setUp();
    world.simulator.faults.add({ name: "denied", route: "me", graphCode: "Authorization_RequestDenied", status: 403 });
    const error = await rejected(ways.refreshToken(world.process(), world), world.network);
    expect(error).toMatchObject({ code: "GRAPH_FORBIDDEN", step: "api-permissions", remedy: expect.stringContaining("User.Read") });
    expect(world.tokenRequests()).toBe(1);
  });

  it("fails with what Entra says when that refuses another token", async () => {
    const world = await setUp();
    world.simulator.faults.add({ name: "always", route: "me", graphCode: "InvalidAuthenticationToken", status: 401 });
    world.network.intercept = onlyFirst({ error: "invalid_grant", error_codes: [50173] });
    const error = await rejected(ways.refreshToken(world.process(), world), world.network);
    expect(error).toMatchObject({ code: "AUTH_SIGN_IN_REQUIRED", serviceCode: "AADSTS50173" });
  });
});
