/** What a foreign provider refuses comes out as our errors, and nothing is stored or lost by it. */
import { expect, test } from "vitest";
import type { MailDaemon } from "../../src/daemon/mail-daemon.js";
import { deferred } from "../support/deferred.js";
import { next } from "../support/host.js";
import { createManualClock, until } from "../support/manual-clock.js";
import { rejected } from "../support/rejection.js";
import { createPerson, type Doing } from "./person.js";
import { address, openScene, stranger } from "./scene.js";

/** True when nobody is signed in. */
const nothingStored = async (daemon: MailDaemon) => !(await daemon.signOut(address));

test("a sign-in that the person cancels in the browser ends, and the last page says what to do", async () => {
  const { create, browser, door } = await openScene();
  const daemon = create();
  const { method, ended } = browser({ decline: true });
  const error = await rejected(daemon.signIn(address, method), door);
  expect(error).toMatchObject({ code: "AUTH_SIGN_IN_REQUIRED", who: "user", step: "browser" });
  expect((await ended).text).toContain("Begin the sign-in again");
  expect(door.exchanges).toEqual([]);
  expect(await nothingStored(daemon)).toBe(true);
});

test("somebody else who signs in is refused with both names, and nothing is stored", async () => {
  const { create, browser, door } = await openScene();
  const daemon = create();
  const { method, ended } = browser({ login: stranger });
  const error = await rejected(daemon.signIn(address, method), door);
  expect(error).toMatchObject({ code: "AUTH_WRONG_ACCOUNT", message: expect.stringMatching(`${stranger}.*${address}`) });
  expect((await ended).text).toContain(stranger);
  expect(await nothingStored(daemon)).toBe(true);
});

test("a code that the provider never gave, and one of another sign-in, are refused", async () => {
  const { create, door } = await openScene();
  const daemon = create();
  /** Answers a sign-in in the provider's place. */
  const signInWith = (code: (url: string) => Promise<string>) =>
    daemon.signIn(address, {
      method: "browser",
      async openUrl(url) {
        const { searchParams } = new URL(url);
        const body = new URLSearchParams({ state: searchParams.get("state") ?? "", code: await code(url) });
        void fetch(searchParams.get("redirect_uri") ?? "", { method: "POST", body });
      },
    });
  /** The code of a sign-in that differs in its proof key only. */
  async function otherCode(url: string): Promise<string> {
    const other = new URL(door.browserUrl(url));
    other.searchParams.set("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    other.searchParams.set("response_mode", "query");
    // The daemon's port takes no code out of an address; the person sees it there.
    const { url: last, status } = await createPerson().visit(other.href, { login: address });
    expect(status).toBe(404);
    return new URL(last).searchParams.get("code") ?? "";
  }
  const forged = await rejected(
    signInWith(async () => "forged"),
    door,
  );
  const foreign = await rejected(signInWith(otherCode), door);
  for (const error of [forged, foreign]) expect(error).toMatchObject({ code: "AUTH_SIGN_IN_REQUIRED", status: 400 });
  expect(door.exchanges.map(({ error }) => error)).toEqual(["invalid_grant", "invalid_grant"]);
  expect(await nothingStored(daemon)).toBe(true);
});

/** A sign-in by device code whose person has done something before the second question. */
async function deviceSignIn(doing: Omit<Doing, "userCode"> & { readonly userCode?: string }) {
  const clock = createManualClock();
  const { create, door } = await openScene({ clock });
  const daemon = create();
  const prompt = deferred<{ userCode: string; verificationUri: string }>();
  const signingIn = daemon.signIn(address, { method: "deviceCode", onPrompt: prompt.resolve });
  // The test looks at it when the rest is done.
  signingIn.catch(() => undefined);
  const { userCode, verificationUri } = await prompt.promise;
  const page = await createPerson().visit(verificationUri, { userCode, ...doing });
  await clock.advance(5_000);
  await until(() => door.exchanges.length === 1);
  return { clock, daemon, door, signingIn, page, enter: () => createPerson().visit(verificationUri, { userCode, login: address }) };
}

test("a device code that the person declines ends the sign-in", async () => {
  const { signingIn, daemon, door, page } = await deviceSignIn({ decline: true });
  expect(page.text).toContain("The Sign-in request was interrupted");
  const error = await rejected(signingIn, door);
  expect(error).toMatchObject({ code: "AUTH_SIGN_IN_REQUIRED", status: 400, message: expect.stringContaining("given up or declined") });
  expect(door.exchanges).toEqual([{ grantType: "urn:ietf:params:oauth:grant-type:device_code", status: 400, error: "access_denied" }]);
  expect(await nothingStored(daemon)).toBe(true);
});

test("a device code that is typed wrongly changes nothing, and the right one still signs in", async () => {
  const { signingIn, door, page, enter, clock } = await deviceSignIn({ userCode: "BBBB-BBBB", login: address });
  expect(page.text).toContain("The code you entered is incorrect");
  expect(door.exchanges.at(-1)?.error).toBe("authorization_pending");
  await enter();
  await clock.advance(5_000);
  expect(await signingIn).toMatchObject({ method: "deviceCode" });
});

test("a grant that is revoked sends the queue to its sign-in, and a new sign-in brings it back", async () => {
  const clock = createManualClock();
  const { create, browser, door, provider } = await openScene({ clock });
  const daemon = create();
  await daemon.signIn(address, browser().method);
  await daemon.start();
  await daemon.pollNow(address);
  const required = next(daemon, "queue:sign-in-required");
  await provider.revokeGrant(door.newest.refreshToken);
  await rejected(daemon.pollNow(address), door);
  expect(await required).toMatchObject({ queue: address, code: "AUTH_SIGN_IN_REQUIRED", who: "user" });
  expect(door.exchanges.at(-1)?.error).toBe("invalid_grant");
  expect(daemon.status().queues).toMatchObject([{ state: "waiting-for-sign-in" }]);
  const back = next(daemon, "queue:polled");
  await daemon.signIn(address, browser().method);
  await back;
});

test("a refresh token that a thief uses first costs the sign-in, and the daemon says so", async () => {
  const clock = createManualClock();
  const { create, browser, door, provider, options } = await openScene({ clock });
  const daemon = create();
  await daemon.signIn(address, browser().method);
  await daemon.start();
  await daemon.pollNow(address);
  const body = new URLSearchParams({
    grant_type: "refresh_token",
    client_id: options.app.clientId,
    refresh_token: door.newest.refreshToken,
  });
  expect((await fetch(`${provider.url}/token`, { method: "POST", body })).status).toBe(200);
  await provider.revokeAccess(door.newest.accessToken);
  const required = next(daemon, "queue:sign-in-required");
  await rejected(daemon.pollNow(address), door);
  expect(await required).toMatchObject({ code: "AUTH_SIGN_IN_REQUIRED" });
});

test("a password is refused as something that the provider does not offer", async () => {
  const { create, door } = await openScene();
  const daemon = create();
  const error = await rejected(daemon.signIn(address, { method: "password", password: "any" }), door);
  expect(error).toMatchObject({ code: "AUTH_APP_REFUSED", step: "register-the-app" });
  expect(door.exchanges).toEqual([{ grantType: "password", status: 400, error: "unsupported_grant_type" }]);
});

test("an application that the provider does not know is refused as such", async () => {
  const { create, door } = await openScene({
    app: { clientId: "00000000-0000-4000-8000-000000000000", tenantId: "5f3c1a7e-9b42-4d06-8f1e-2a6d0c9be741" },
  });
  const error = await rejected(create().signIn(address, { method: "refreshToken", refreshToken: "any" }), door);
  expect(error).toMatchObject({ code: "AUTH_APP_REFUSED", status: 401 });
});
