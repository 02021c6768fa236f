/** The simulator refuses as Entra and Graph do: with every number and every code that the daemon has an opinion about. */
import { expect, test } from "vitest";
import { createSimulator } from "../../../simulator/index.js";
import { knownRefusals } from "../../../src/auth/remedies.js";
import { address, createCaller, postToken } from "./caller.js";

const numbers = [...knownRefusals().keys()];

async function refusedWith(aadsts: number) {
  const sim = createSimulator();
  const refreshToken = sim.addUser({ address }).issueRefreshToken();
  sim.faults.add({ name: "refused", route: "token", aadsts });
  return postToken(sim, { grant_type: "refresh_token", refresh_token: refreshToken });
}

test.each(numbers)("AADSTS%i comes with a text of its own", async (number) => {
  const { status, body } = await refusedWith(number);
  expect([400, 401, 500, 503]).toContain(status);
  expect(body.error_codes).toEqual([number]);
  expect(body.error_description).toMatch(new RegExp(`^AADSTS${number}: `));
  expect(body.error_description).not.toContain("The request was refused.");
});

test.each([
  [7000218, 401, "invalid_client", undefined],
  [700016, 400, "unauthorized_client", undefined],
  [90033, 503, "temporarily_unavailable", undefined],
  [50196, 400, "invalid_grant", undefined],
  [50000, 500, "server_error", undefined],
  [50155, 400, "invalid_grant", "device_authentication_failed"],
  [500021, 400, "unauthorized_client", undefined],
  [7000215, 401, "invalid_client", undefined],
  [50055, 400, "invalid_grant", "user_password_expired"],
  [70043, 400, "invalid_grant", "token_expired"],
  [53003, 400, "invalid_grant", "message_only"],
  [530036, 400, "invalid_grant", "message_only"],
])("AADSTS%i is status %i and %s", async (number, status, error, suberror) => {
  const reply = await refusedWith(number);
  expect(reply.status).toBe(status);
  expect(reply.body.error).toBe(error);
  expect(reply.body.suberror).toBe(suberror);
});

test("a conditional access refusal names its policies as claims", async () => {
  expect(JSON.parse((await refusedWith(53003)).body.claims)).toHaveProperty("access_token.capolids.essential", true);
});

test("a number that nobody knows is an invalid grant", async () => {
  const { status, body } = await refusedWith(1234567);
  expect(status).toBe(400);
  expect(body).toMatchObject({ error: "invalid_grant", error_codes: [1234567] });
});

test("a number may come with another status and a Retry-After, and leaves Graph alone", async () => {
  const { sim, user, ask } = await createCaller();
  const refreshToken = user.issueRefreshToken();
  sim.faults.add({ name: "busy", aadsts: 90033, status: 429, retryAfter: 7 });
  expect((await ask("/me")).status).toBe(200);
  const reply = await postToken(sim, { grant_type: "refresh_token", refresh_token: refreshToken });
  expect(reply.status).toBe(429);
  expect(reply.headers.get("retry-after")).toBe("7");
  expect(reply.body.error_codes).toEqual([90033]);
  expect(sim.log.entries({ route: "token" })[0]?.code).toBe("AADSTS90033");
});

test.each([
  ["MailboxNotEnabledForRESTAPI", undefined, 404],
  ["ErrorQuotaExceeded", undefined, 403],
  ["ErrorInvalidLicense", 403, 403],
  ["SomethingNew", undefined, 400],
  ["SomethingNew", 418, 418],
])("Graph refuses with the code %s and the status %s as %i, and Entra is left alone", async (graphCode, status, expected) => {
  const { sim, user, ask } = await createCaller();
  sim.faults.add({ name: "coded", graphCode, ...(status !== undefined && { status }) });
  const reply = await ask("/me/messages");
  expect(reply.status).toBe(expected);
  expect(reply.body.error.code).toBe(graphCode);
  expect(reply.body.error.innerError).toHaveProperty("request-id");
  expect((await postToken(sim, { grant_type: "refresh_token", refresh_token: user.issueRefreshToken() })).status).toBe(200);
});

test("a part of a batch can be refused with a code", async () => {
  const { sim, batch } = await createCaller();
  sim.faults.add({ name: "coded", route: "folder", graphCode: "MailboxInfoStale" });
  const { body } = await batch({ id: "1", method: "GET", url: "/me/mailFolders/inbox" });
  expect(body.responses[0]).toMatchObject({ status: 503, body: { error: { code: "MailboxInfoStale" } } });
});
