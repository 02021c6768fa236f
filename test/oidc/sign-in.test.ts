/** Signing a queue in at an OpenID provider that we did not write, through the whole daemon and real MSAL. */
import { expect, test } from "vitest";
import { deferred } from "../support/deferred.js";
import { next } from "../support/host.js";
import { createManualClock, until } from "../support/manual-clock.js";
import { createPerson } from "./person.js";
import { address, openScene } from "./scene.js";

test("a queue signs in with the browser, and its mail is fetched, handled and marked with the provider's token", async () => {
  const seen: string[] = [];
  const { sim, door, create, browser } = await openScene({ handler: ({ message }) => void seen.push(message.subject) });
  const { mailbox, objectId } = sim.user(address);
  const id = mailbox.deliver({ subject: "My parcel" });
  const daemon = create();
  const { method, ended } = browser();
  expect(await daemon.signIn(address, method)).toMatchObject({
    method: "browser",
    objectId,
    userPrincipalName: address,
    replaced: "nothing",
  });
  expect(await ended).toMatchObject({ status: 200, text: expect.stringContaining(`${address} is signed in`) });
  const marked = next(daemon, "message:marked");
  await daemon.start();
  expect(await marked).toMatchObject({ queue: address, id, outcome: "settled" });
  expect(seen).toEqual(["My parcel"]);
  expect(mailbox.message(id)?.isRead).toBe(true);
  expect(door.exchanges).toEqual([{ grantType: "authorization_code", status: 200, error: undefined }]);
  expect(door.refused).toEqual([]);
});

test("a queue signs in with a device code", async () => {
  const clock = createManualClock();
  const { door, create, provider } = await openScene({ clock });
  const daemon = create();
  const prompt = deferred<{ userCode: string; verificationUri: string }>();
  const signingIn = daemon.signIn(address, { method: "deviceCode", onPrompt: prompt.resolve });
  const { userCode, verificationUri } = await prompt.promise;
  expect(new URL(verificationUri).origin).toBe(provider.url);
  await clock.advance(5_000);
  await until(() => door.exchanges.length === 1);
  expect(door.exchanges[0]?.error).toBe("authorization_pending");
  const page = await createPerson().visit(verificationUri, { userCode, login: address });
  expect(page.text).toContain("Sign-in Success");
  await clock.advance(5_000);
  expect(await signingIn).toMatchObject({ method: "deviceCode", userPrincipalName: address });
});

test("a queue takes over the refresh token that another system got", async () => {
  const { door, create, browser } = await openScene();
  const other = create();
  await other.signIn(address, browser().method);
  const { refreshToken } = door.newest;
  await other.signOut(address);
  const daemon = create();
  expect(await daemon.signIn(address, { method: "refreshToken", refreshToken })).toMatchObject({
    method: "refreshToken",
    replaced: "nothing",
  });
  expect(door.newest.refreshToken).not.toBe(refreshToken);
});
