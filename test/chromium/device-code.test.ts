/** The device code flow with a real Chromium at the page where the code is typed. */
import { expect, test } from "vitest";
import { deferred } from "../support/deferred.js";
import { createManualClock } from "../support/manual-clock.js";
import { rejected } from "../support/rejection.js";
import { reading, useChromium } from "./browser.js";
import { address, enter, openScene, password } from "./scene.js";

const newPage = useChromium();

/** A sign-in that waits for its code, and the page where it is typed. */
async function prompted() {
  const clock = createManualClock();
  const { daemon, urlOf } = await openScene(clock);
  const prompt = deferred<{ userCode: string; verificationUri: string }>();
  const result = daemon.signIn(address, { method: "deviceCode", onPrompt: prompt.resolve });
  // The test looks at it when the person has done their part.
  result.catch(() => undefined);
  const { userCode, verificationUri } = await prompt.promise;
  const page = await newPage();
  await page.goto(urlOf(verificationUri));
  return { clock, result, userCode, page };
}

test("a person types the code that the daemon shows, signs in, and the daemon goes on", async () => {
  const { clock, result, userCode, page } = await prompted();
  await reading(page, "Enter the code");
  expect(await page.evaluate("document.activeElement.id")).toBe("otc");
  await page.locator("#otc").fill(userCode.toLowerCase());
  await enter(page, { login: address, password });
  expect(await reading(page, "You are signed in")).toContain("You can close this window");
  await clock.advance(5_000);
  expect(await result).toMatchObject({ method: "deviceCode", userPrincipalName: address });
});

test("a code that is typed wrongly is told on the page, and the right one then signs in", async () => {
  const { clock, result, userCode, page } = await prompted();
  await page.locator("#otc").fill("BBBBBBBBB");
  await enter(page, { login: address, password });
  await page.waitForSelector("[role=alert]");
  expect(await reading(page, "Enter the code")).toContain("That code didn't work");
  expect(await page.evaluate("document.querySelector('[aria-invalid]').id")).toBe("otc");
  expect(await page.evaluate("document.activeElement.id")).toBe("otc");
  await page.locator("#otc").fill(userCode);
  await enter(page, { password });
  await reading(page, "You are signed in");
  await clock.advance(5_000);
  expect(await result).toMatchObject({ method: "deviceCode" });
});

test("a person who cancels ends the daemon's sign-in", async () => {
  const { clock, result, userCode, page } = await prompted();
  await page.locator("#otc").fill(userCode);
  await page.locator("::-p-xpath(//button[.='Cancel'])").click();
  await reading(page, "Sign-in cancelled");
  await clock.advance(5_000);
  expect(await rejected(result)).toMatchObject({ code: "AUTH_SIGN_IN_REQUIRED", step: "device-code" });
});
