import { expect, test } from "vitest";
import { createSimulator, type SimulatedUser, type Simulator, type SimulatorOptions } from "../../../simulator/index.js";
import { address, everyScope, graphOrigin, postToken, type Reply, readReply } from "./caller.js";

const cp1 = { xms_cc: { values: ["cp1"] } };

async function token(sim: Simulator, user: SimulatedUser, accessToken: object = cp1, scope = everyScope): Promise<Reply["body"]> {
  const form = { grant_type: "refresh_token", refresh_token: user.issueRefreshToken(), scope };
  return (await postToken(sim, { ...form, claims: JSON.stringify({ access_token: accessToken }) })).body;
}

async function createScene(options: SimulatorOptions = {}) {
  const sim = createSimulator({ seed: 11, ...options });
  const user = sim.addUser({ address, password: "right horse" });
  const ask = async (accessToken: string, path = "/me", init: RequestInit = {}): Promise<Reply> =>
    readReply(
      await sim.fetch(`${graphOrigin}/v1.0${path}`, {
        ...init,
        headers: { authorization: `Bearer ${accessToken}`, "content-type": "application/json" },
      }),
    );
  return { sim, user, ask };
}

/** What a challenge asks for; undefined when it is none. */
function claimsIn(header: string | null | undefined): { nbf: { essential: boolean; value: string } } | undefined {
  const text = /\bclaims="([^"]+)"/.exec(header ?? "")?.[1];
  return text === undefined ? undefined : JSON.parse(Buffer.from(text, "base64").toString()).access_token;
}

test("a token with cp1 lives for 20 to 28 hours, unless the simulator was told otherwise", async () => {
  const { sim, user } = await createScene();
  const { expires_in } = await token(sim, user);
  expect(expires_in).toBeGreaterThanOrEqual(20 * 3600);
  expect(expires_in).toBeLessThanOrEqual(28 * 3600);
  expect((await token(sim, user, {})).expires_in).toBeLessThanOrEqual(5400);
  const short = await createScene({ accessTokenLifetimeSeconds: 60 });
  expect((await token(short.sim, short.user)).expires_in).toBe(60);
});

test("claims that are no JSON are refused", async () => {
  const { sim, user } = await createScene();
  const form = { grant_type: "refresh_token", refresh_token: user.issueRefreshToken() };
  for (const claims of ["{", "7", "null"]) expect((await postToken(sim, { ...form, claims })).body.error_codes).toEqual([9002313]);
});

test.each(["revokeSessions", "setPassword"] as const)("after %s a token with cp1 is challenged, and a newer one passes", async (deed) => {
  let now = Date.UTC(2026, 0, 5);
  const { sim, user, ask } = await createScene({ now: () => now });
  const old = (await token(sim, user)).access_token;
  expect((await ask(old)).status).toBe(200);
  now += 5000;
  user[deed]("newer horse");
  const refused = await ask(old);
  expect(refused.status).toBe(401);
  expect(refused.body.error.code).toBe("InvalidAuthenticationToken");
  expect(claimsIn(refused.headers.get("www-authenticate"))).toEqual({ nbf: { essential: true, value: String(now / 1000) } });
  expect((await ask((await token(sim, user)).access_token)).status).toBe(200);
});

test("a token without cp1 gets the plain 401 of a revoked session, and no challenge otherwise", async () => {
  const { sim, user, ask } = await createScene();
  const plain = (await token(sim, user, {})).access_token;
  user.requireClaims();
  user.setPassword("newer horse");
  expect((await ask(plain)).status).toBe(200);
  user.revokeSessions();
  const refused = await ask(plain);
  expect(refused.status).toBe(401);
  expect(refused.headers.get("www-authenticate")).not.toContain("insufficient_claims");
});

test("required claims let only a token pass that was asked for with them", async () => {
  const { sim, user, ask } = await createScene();
  const old = (await token(sim, user)).access_token;
  user.requireClaims();
  const asked = claimsIn((await ask(old)).headers.get("www-authenticate"));
  expect(asked).toBeDefined();
  expect((await ask((await token(sim, user)).access_token)).status).toBe(401);
  expect((await ask((await token(sim, user, { nbf: { value: "1" }, ...cp1 })).access_token)).status).toBe(401);
  const fresh = (await token(sim, user, { ...asked, ...cp1 })).access_token;
  expect((await ask(fresh)).status).toBe(200);
  user.requireClaims();
  expect((await ask(fresh)).status).toBe(401);
});

test("a part of a batch is challenged in its own headers while the batch itself passes", async () => {
  const { sim, user, ask } = await createScene();
  const { access_token } = await token(sim, user);
  user.requireClaims({ route: ["folder"] });
  const requests = [
    { id: "1", method: "GET", url: "/me/mailFolders/inbox" },
    { id: "2", method: "GET", url: "/me/messages" },
  ];
  const { status, body } = await ask(access_token, "/$batch", { method: "POST", body: JSON.stringify({ requests }) });
  expect(status).toBe(200);
  const part = (id: string) => body.responses.find((response: { id: string }) => response.id === id);
  expect(part("1").status).toBe(401);
  expect(claimsIn(part("1").headers["Www-Authenticate"])).toHaveProperty("nbf");
  expect(part("2").status).toBe(200);
});

test("a challenge comes in many shapes, each with padded base64, and the seed decides", async () => {
  async function shapes(seed: number): Promise<string[]> {
    const { sim, user, ask } = await createScene({ seed, now: () => Date.UTC(2026, 0, 5) });
    const { access_token } = await token(sim, user);
    user.requireClaims();
    const headers = [];
    for (let time = 0; time < 40; time++) headers.push((await ask(access_token)).headers.get("www-authenticate") ?? "");
    return headers;
  }
  const seen = await shapes(1);
  for (const header of seen) {
    expect(header).toMatch(/\bBearer .*error="insufficient_claims"/);
    expect(header).toMatch(/\bclaims="[A-Za-z0-9+/]+=+"/);
    expect(claimsIn(header)).toHaveProperty("nbf.essential", true);
  }
  for (const shape of [
    /authorization_uri=https:/,
    /authorization_uri="https:/,
    /^PoP /,
    /, PoP /,
    /errorDescription="[^"]*: [^"]*, /,
    /Bearer claims=/,
  ])
    expect(seen.some((header) => shape.test(header))).toBe(true);
  expect(await shapes(1)).toEqual(seen);
  expect(await shapes(2)).not.toEqual(seen);
});

test("another user's mailbox opens with a shared permission, once its owner has given access", async () => {
  const { sim, user, ask } = await createScene();
  const owner = sim.addUser({ address: "team@contoso.com" });
  const id = owner.mailbox.deliver({ subject: "shared" });
  const inbox = "/users/team@contoso.com/mailFolders/inbox/messages";
  const shared = (await token(sim, user, {}, "Mail.ReadWrite.Shared")).access_token;
  expect((await ask(shared, inbox)).body.error.code).toBe("ErrorAccessDenied");
  owner.grantAccess(address);
  expect((await ask(shared, inbox)).body.value).toHaveLength(1);
  const patch = { method: "PATCH", body: '{"isRead":true}' };
  expect((await ask(shared, `/users/team@contoso.com/messages/${id}`, patch)).status).toBe(200);
  expect((await ask(shared, "/me/messages")).status).toBe(200);
  const narrow = (await token(sim, user, {}, "Mail.ReadWrite")).access_token;
  expect((await ask(narrow, inbox)).body.error.code).toBe("ErrorAccessDenied");
  const reading = (await token(sim, user, {}, "Mail.Read.Shared")).access_token;
  expect((await ask(reading, inbox)).status).toBe(200);
  expect((await ask(reading, `/users/team@contoso.com/messages/${id}`, patch)).body.error.code).toBe("ErrorAccessDenied");
  expect(() => owner.grantAccess("nobody@contoso.com")).toThrow("no user");
});
