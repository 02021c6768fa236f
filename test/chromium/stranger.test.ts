/** Pages of a stranger's in the same browser: they can neither feed nor end a sign-in, nor see or dress up its pages. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Page } from "puppeteer-core";
import { expect, onTestFinished, test } from "vitest";
import { reading, useChromium } from "./browser.js";
import { address, beginSignIn, enter, openScene, password, type SigningIn } from "./scene.js";

const newPage = useChromium();

/** Serves a page from an origin of its own. */
async function serve(body: string): Promise<string> {
  const server = createServer(
    (_, response) => void response.writeHead(200, { "content-type": "text/html", connection: "close" }).end(body),
  );
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    return new Promise<void>((resolve) => void server.close(() => resolve()));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** A sign-in that waits for its person. */
async function waitingSignIn() {
  const page = await newPage();
  return { page, ...(await beginSignIn(await openScene(), page)) };
}

/** The sign-in is as it was: its person gets through. */
async function stillWaits({ page, result }: { readonly page: Page } & Pick<SigningIn, "result">): Promise<void> {
  await enter(page, { password });
  await reading(page, "Signed in");
  expect(await result).toMatchObject({ userPrincipalName: address });
}

test("a form that a stranger's page posts with a state of its own is refused, and changes nothing", async () => {
  const waiting = await waitingSignIn();
  const forms = [
    { code: "forged", state: "A".repeat(43) },
    { error: "access_denied", error_description: "AADSTS65004", state: "" },
    { code: "forged" },
  ];
  for (const fields of forms) {
    const inputs = Object.entries(fields).map(([name, value]) => `<input name="${name}" value="${value}">`);
    const other = await newPage();
    await other.goto(await serve(`<form method="post" action="${waiting.redirectUri}">${inputs.join("")}<button>Go</button></form>`));
    const [answer] = await Promise.all([other.waitForNavigation(), other.locator("button").click()]);
    expect(answer?.status()).toBe(400);
    expect(await other.evaluate("document.body.innerText")).toBe("This is no answer to the sign-in that waits here.");
  }
  await stillWaits(waiting);
});

test("a script of a stranger's page can neither send an answer nor read the page", async () => {
  const waiting = await waitingSignIn();
  const other = await newPage();
  await other.goto(await serve("<h1>Cute kittens</h1>"));
  const trying = (init: string) =>
    `fetch(${JSON.stringify(waiting.redirectUri)}, ${init}).then((answer) => answer.text(), (error) => error.name)`;
  expect(await other.evaluate(trying("{}"))).toBe("TypeError");
  expect(await other.evaluate(trying("{ mode: 'no-cors' }"))).toBe("");
  expect(await other.evaluate(trying("{ method: 'POST', mode: 'no-cors', body: 'code=forged&state=x' }"))).toBe("");
  await stillWaits(waiting);
});

test("neither the sign-in page nor the daemon's page lets itself be framed", async () => {
  const waiting = await waitingSignIn();
  const addresses = [waiting.page.url(), waiting.redirectUri];
  const other = await newPage();
  await other.goto(await serve(addresses.map((url) => `<iframe src="${url.replaceAll("&", "&amp;")}"></iframe>`).join("")));
  const shown = other.frames().filter((frame) => frame !== other.mainFrame());
  expect(shown).toHaveLength(2);
  for (const frame of shown) expect(await frame.evaluate("location.href")).toMatch(/^chrome-error:/);
  await stillWaits(waiting);
});
