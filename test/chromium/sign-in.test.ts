/** The browser flow end to end: the daemon, real MSAL, a real Chromium, the simulator's sign-in page. */
import { expect, test } from "vitest";
import { next } from "../support/host.js";
import { rejected } from "../support/rejection.js";
import { reading, useChromium } from "./browser.js";
import { address, beginSignIn, enter, openScene, password, stranger } from "./scene.js";

const newPage = useChromium();

test("a person signs in, the last page says so, and the queue's mail is fetched", async () => {
  const scene = await openScene();
  const { sim, daemon } = scene;
  const id = sim.mailbox(address).deliver({ subject: "My parcel" });
  const page = await newPage();
  const { result } = await beginSignIn(scene, page);
  expect(await reading(page, "Sign in")).toContain("Simulated sign-in");
  // The account is filled in already, and the person begins with the password.
  expect(await page.evaluate("document.querySelector('#login').value")).toBe(address);
  expect(await page.evaluate("document.activeElement.id")).toBe("passwd");
  await enter(page, { password });
  expect(await reading(page, "Signed in")).toContain(`${address} is signed in. You can close this window.`);
  expect(await result).toMatchObject({ method: "browser", userPrincipalName: address });
  // Nothing of the sign-in stands in the address, where the history would keep it.
  expect(new URL(page.url())).toMatchObject({ hostname: "localhost", pathname: "/", search: "", hash: "" });
  const marked = next(daemon, "message:marked");
  await daemon.start();
  expect(await marked).toMatchObject({ queue: address, id, outcome: "settled" });
});

test("a wrong password is told on the page, and the right one then signs in", async () => {
  const scene = await openScene();
  const page = await newPage();
  const { result } = await beginSignIn(scene, page);
  await enter(page, { password: "wrong" });
  await page.waitForSelector("[role=alert]");
  expect(await reading(page, "Sign in")).toContain("AADSTS50126");
  expect(await page.evaluate("document.querySelector('#passwd').value")).toBe("");
  await enter(page, { password });
  await reading(page, "Signed in");
  expect(await result).toMatchObject({ userPrincipalName: address });
});

test("a person who cancels is told what to do, and the sign-in ends with that", async () => {
  const scene = await openScene();
  const page = await newPage();
  const { result } = await beginSignIn(scene, page);
  const refused = rejected(result);
  await page.locator("::-p-xpath(//button[.='Cancel'])").click();
  const text = await reading(page, "Not signed in");
  const error = await refused;
  expect(error).toMatchObject({ code: "AUTH_SIGN_IN_REQUIRED", serviceCode: "AADSTS65004", who: "user" });
  expect(text).toContain(error.message);
  expect(text).toContain("Begin the sign-in again, in a private window");
  expect(await scene.daemon.signOut(address)).toBe(false);
});

test("somebody who does not own the address is told both names in the browser, and nothing is stored", async () => {
  const scene = await openScene();
  const page = await newPage();
  const { result } = await beginSignIn(scene, page);
  const refused = rejected(result, { secrets: [stranger.password] });
  await enter(page, { login: stranger.address, password: stranger.password });
  const text = await reading(page, "Not signed in");
  expect(await refused).toMatchObject({ code: "AUTH_WRONG_ACCOUNT" });
  expect(text).toContain(`${stranger.address} signed in, but ${address} is not an address of that user`);
  expect(text).toContain(`Sign in as ${address}`);
  expect(await scene.daemon.signOut(address)).toBe(false);
});

test("a browser without scripts asks the person to go on by hand", async () => {
  const scene = await openScene();
  const page = await newPage();
  const { result } = await beginSignIn(scene, page);
  await page.locator("#passwd").fill(password);
  await page.setJavaScriptEnabled(false);
  // The driver's own waits are scripts as well, so this person uses the keyboard.
  const press = (key: "Enter") => Promise.all([page.waitForNavigation(), page.keyboard.press(key)]);
  await press("Enter");
  expect(await page.evaluate("document.body.innerText")).toContain("Scripts are off in this browser");
  await page.keyboard.press("Tab");
  await press("Enter");
  expect(await page.evaluate("document.querySelector('h1').innerText")).toBe("Signed in");
  await result;
});

test("a request that Entra does not trust stays on its page, and the host ends the sign-in", async () => {
  const scene = await openScene();
  scene.sim.setApp({ registered: false });
  const page = await newPage();
  const host = new AbortController();
  const { result } = await beginSignIn(scene, page, host.signal);
  expect(await reading(page, "Sorry, but we are having trouble signing you in")).toContain("AADSTS700016");
  host.abort(new Error("the person gave up"));
  await expect(result).rejects.toThrow("the person gave up");
});

test("whoever opens the daemon's port by hand finds a page that waits, and the sign-in goes on", async () => {
  const scene = await openScene();
  const page = await newPage();
  const { result, redirectUri } = await beginSignIn(scene, page);
  const other = await newPage();
  await other.goto(redirectUri);
  await reading(other, "Waiting for the sign-in");
  await enter(page, { password });
  await reading(page, "Signed in");
  await result;
});
