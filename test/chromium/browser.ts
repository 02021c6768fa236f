/**
 * A headless Chromium of the test's own: its profile and its HOME lie in a temporary folder, it finds no address but
 * loopback, and it ends with the tests of the file. Knows no page.
 *
 * `CHROMIUM_PATH` names the program (`scripts/chromium-check.mjs` finds it); `CHROMIUM_PICTURES` may name a folder where
 * pictures of all pages are left, to be looked at.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, launch, type Page } from "puppeteer-core";
import { afterAll, beforeAll, expect } from "vitest";

const pictures = process.env.CHROMIUM_PICTURES;

/**
 * Starts it before the tests of the file; what it gives opens a page in a fresh profile. Pages stay until the browser
 * ends: closing one starts a short timer of the driver's, which the leak check would see.
 */
export function useChromium(): () => Promise<Page> {
  let folder = "";
  let browser: Browser | undefined;

  beforeAll(async () => {
    const { CHROMIUM_PATH: executablePath } = process.env;
    if (!executablePath) throw new Error("CHROMIUM_PATH names no browser: start these tests with `npm run chromium`.");
    folder = mkdtempSync(join(tmpdir(), "chromium-"));
    browser = await launch({
      executablePath,
      pipe: true,
      // The test's own time-out ends a wait that is in vain; here and below.
      protocolTimeout: 0,
      userDataDir: join(folder, "profile"),
      env: { ...process.env, HOME: folder },
      args: [
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
        // Chromium refuses to sandbox for root, which CI is.
        ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
      ],
    });
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  return async () => {
    if (!browser) throw new Error("Chromium did not start.");
    const page = await (await browser.createBrowserContext()).newPage();
    page.setDefaultTimeout(0);
    const heard: unknown[] = [];
    complaints.set(page, heard);
    page.on("pageerror", (error) => void heard.push(error));
    // What a page's own security policy blocks is told there.
    page.on("console", (line) => {
      if (line.type() === "error" && line.text().includes("Content Security Policy")) heard.push(line.text());
    });
    return page;
  };
}

/** What each page did against its own rules. */
const complaints = new WeakMap<Page, readonly unknown[]>();

/** Waits for the page of that heading; gives the text that a person reads. It fits a small telephone, and broke no rule of its own. */
export async function reading(page: Page, heading: string): Promise<string> {
  await page.waitForSelector(`::-p-xpath(//h1[normalize-space()="${heading}"])`);
  await page.setViewport({ width: 320, height: 568 });
  expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(320);
  await page.setViewport({ width: 1000, height: 700 });
  if (pictures) await takePictures(page, heading, pictures);
  expect(complaints.get(page)).toEqual([]);
  return String(await page.evaluate("document.body.innerText")).replaceAll(/\s+/g, " ");
}

async function takePictures(page: Page, heading: string, folder: string): Promise<void> {
  const test = expect.getState().currentTestName ?? "";
  const name = `${test} ${heading}`.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
  mkdirSync(folder, { recursive: true });
  for (const scheme of ["light", "dark"]) {
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    await page.screenshot({ path: join(folder, `${name}-${scheme}.png`) as `${string}.png` });
  }
  await page.emulateMediaFeatures([]);
  await page.setViewport({ width: 320, height: 568 });
  await page.screenshot({ path: join(folder, `${name}-small.png`) as `${string}.png` });
  await page.setViewport({ width: 1000, height: 700 });
}
