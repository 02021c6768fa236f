/** One account in several processes: what Entra and people said to one of them holds in the others. */
import { expect, it } from "vitest";
import { deferred } from "../../support/deferred.js";
import { address, setUp } from "./set-up.js";

it("a process that waited for another's refresh keeps to the pause that Entra asked for", async () => {
  const { clock, network, process, user } = await setUp({ isShared: true });
  const [one, other] = [process(), process()];
  await one.accounts.signIn(address, { method: "refreshToken", refreshToken: user.issueRefreshToken() });
  await clock.advance(3_700_000); // Its token is over.
  const answer = deferred();
  let asked = 0;
  network.intercept = async (url, pass) => {
    if (!url.pathname.endsWith("/token")) return pass();
    asked += 1;
    await answer.promise;
    return Response.json({ error: "temporarily_unavailable" }, { status: 429, headers: { "retry-after": "120" } });
  };
  const ends = Promise.allSettled([one.tokens.get(), other.tokens.get()]);
  while (asked === 0) await clock.advance(20);
  await clock.advance(2_000);
  expect(asked).toBe(1);
  answer.resolve();
  await clock.advance(5_000);
  const barred = { status: "rejected", reason: { code: "AUTH_UNAVAILABLE", notBeforeAt: expect.any(Number) } };
  expect(await ends).toMatchObject([barred, barred]);
  expect(asked).toBe(1);
  await Promise.all([one.accounts.close(), other.accounts.close()]);
});
