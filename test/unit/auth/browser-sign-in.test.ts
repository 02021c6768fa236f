import { once } from "node:events";
import { connect, createServer } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { listenForRedirect } from "../../../src/auth/redirect-listener.js";
import { failedPage, signedInPage, waitingPage } from "../../../src/auth/redirect-page.js";
import { MailError } from "../../../src/base/errors.js";
import { until } from "../../support/manual-clock.js";
import { rejected } from "../../support/rejection.js";
import { address, password, setUp } from "./set-up.js";

const form = (fields: Record<string, string>) => ({
  method: "POST",
  headers: { "content-type": "application/x-www-form-urlencoded" },
  body: new URLSearchParams(fields).toString(),
});

/** The status that loopback's page gives whoever asks for it by that name. */
async function statusFor(host: string, port: number): Promise<number> {
  const answer = await new Promise<string>((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port }, () => {
      socket.write(`GET / HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`);
    });
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk.toString();
    });
    socket.on("end", () => resolve(text)).on("error", reject);
  });
  return Number(/^HTTP\/1\.1 (\d+) /.exec(answer)?.[1]);
}

/** A sign-in by browser that waits for the person: the address shown, and how it ends. */
async function waiting(options: { port?: number; signal?: AbortSignal; timeLimitMs?: number } = {}) {
  const world = await setUp();
  const process = world.process();
  let shown = "";
  const ended = process.accounts.signIn(address, {
    method: "browser",
    openUrl: (url) => {
      shown = url;
    },
    ...options,
  });
  ended.catch(() => undefined);
  await until(() => shown !== "");
  const url = new URL(shown);
  const redirectUri = url.searchParams.get("redirect_uri") ?? "";
  const state = url.searchParams.get("state") ?? "";
  return { ...world, ...process, ended, url, redirectUri, state };
}

describe("signing in by browser", () => {
  it("gives a token through a code, PKCE and a form post to loopback, and tells it", async () => {
    const { process, user, tokenRequests, simulator } = await setUp();
    const { accounts, tokens, vault, events } = process();
    let page = "";
    const result = await accounts.signIn(address, {
      method: "browser",
      async openUrl(url) {
        page = url;
        expect(await user.signInAt(url, { password })).toBe(200);
      },
    });
    expect(result).toMatchObject({ queue: address, account: address, method: "browser", objectId: user.objectId, replaced: "nothing" });
    expect(await tokens.get()).toBeTypeOf("string");
    expect(tokenRequests()).toBe(1);
    expect((await vault.read(address))?.record).toMatchObject({ method: "browser", objectId: user.objectId });
    expect(events).toEqual([{ name: "queue:signed-in", payload: { queue: address, account: address, method: "browser" } }]);

    const asked = new URL(page);
    expect(asked.host).toBe("login.microsoftonline.com");
    expect(asked.pathname).toBe(`/${simulator.tenantId}/oauth2/v2.0/authorize`);
    expect(Object.fromEntries(asked.searchParams)).toMatchObject({
      client_id: simulator.clientId,
      response_type: "code",
      response_mode: "form_post",
      code_challenge_method: "S256",
      login_hint: address,
      redirect_uri: expect.stringMatching(/^http:\/\/localhost:\d+$/),
    });
    const scopes = asked.searchParams.get("scope")?.split(" ") ?? [];
    for (const scope of ["User.Read", "User.ReadBasic.All", "Mail.ReadWrite"])
      expect(scopes).toContain(`https://graph.microsoft.com/${scope}`);
    expect(scopes).toContain("offline_access");
    expect(scopes.join(" ")).not.toContain("Shared");
    expect(asked.searchParams.get("claims")).toContain('"xms_cc":{"values":["CP1"]}');
    // Nothing listens any more.
    await expect(fetch(asked.searchParams.get("redirect_uri") ?? "")).rejects.toThrow();
  });

  it("asks for the shared scope for a queue that names an account", async () => {
    const { process, user } = await setUp();
    const { accounts } = process();
    accounts.add({ address: "shared@contoso.com", account: address });
    let scopes = "";
    await accounts.signIn("shared@contoso.com", {
      method: "browser",
      async openUrl(url) {
        scopes = new URL(url).searchParams.get("scope") ?? "";
        await user.signInAt(url);
      },
    });
    expect(scopes).toContain("https://graph.microsoft.com/Mail.ReadWrite.Shared");
  });

  it("refuses who does not own the address, and stores nothing", async () => {
    const { process, simulator } = await setUp();
    const other = simulator.addUser({ address: "sales@contoso.com" });
    const { accounts, vault } = process();
    const error = await rejected(accounts.signIn(address, { method: "browser", openUrl: (url) => other.signInAt(url) }));
    expect(error).toMatchObject({ code: "AUTH_WRONG_ACCOUNT" });
    expect(error.message).toMatch(/sales@contoso\.com.*support@contoso\.com/);
    expect(await vault.version(address)).toBeNull();
  });

  it("ends with a remedy when the person gives it up", async () => {
    const { process, user, network } = await setUp();
    const { accounts, vault } = process();
    const error = await rejected(
      accounts.signIn(address, { method: "browser", openUrl: (url) => user.signInAt(url, { decline: true }) }),
      network,
    );
    expect(error).toMatchObject({ code: "AUTH_SIGN_IN_REQUIRED", who: expect.any(String), step: expect.any(String) });
    expect(await vault.version(address)).toBeNull();
  });

  it("passes every second factor, which a password cannot", async () => {
    const { process, simulator, network } = await setUp();
    const user = simulator.addUser({ address: "mfa@contoso.com", password, mfaRequired: true });
    const { accounts } = process();
    accounts.add({ address: "mfa@contoso.com" });
    await rejected(accounts.signIn("mfa@contoso.com", { method: "password", password }), network);
    await accounts.signIn("mfa@contoso.com", { method: "browser", openUrl: (url) => user.signInAt(url) });
    expect(await accounts.tokens("mfa@contoso.com").get()).toBeTypeOf("string");
  });

  it("is ended by its signal, by its time and by a page that cannot be opened, and then nothing listens and no timer waits", async () => {
    const abort = new AbortController();
    const aborted = await waiting({ signal: abort.signal });
    abort.abort(new Error("no longer wanted"));
    await expect(aborted.ended).rejects.toThrow("no longer wanted");
    const late = await waiting();
    await late.clock.advance(899_999);
    await late.clock.advance(1);
    expect((await rejected(late.ended)).code).toBe("AUTH_TIMEOUT");
    const short = await waiting({ timeLimitMs: 5_000 });
    await short.clock.advance(5_000);
    expect((await rejected(short.ended)).code).toBe("AUTH_TIMEOUT");
    const { process } = await setUp();
    const openUrl = () => Promise.reject(new Error("no display"));
    const failed = await rejected(process().accounts.signIn(address, { method: "browser", openUrl }));
    expect(failed.message).toContain("openUrl");
    for (const { redirectUri, clock, vault } of [aborted, late, short]) {
      await expect(fetch(redirectUri)).rejects.toThrow();
      expect(clock.pending()).toBe(0);
      expect(await vault.version(address)).toBeNull();
    }
  });

  it("takes the port it is told, and says so when another program holds it", async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void holder.close());
    const { port } = holder.address() as { port: number };
    const { process } = await setUp();
    const error = await rejected(process().accounts.signIn(address, { method: "browser", openUrl: () => undefined, port }));
    expect(error).toMatchObject({ code: "AUTH_REDIRECT_UNAVAILABLE", message: expect.stringMatching(new RegExp(`${port}.*EADDRINUSE`)) });
    await new Promise<void>((resolve) => void holder.close(() => resolve()));
    const abort = new AbortController();
    const free = await waiting({ port, signal: abort.signal });
    expect(free.redirectUri).toBe(`http://localhost:${port}`);
    abort.abort(new Error("enough"));
    await expect(free.ended).rejects.toThrow("enough");
  });
});

describe("the page that the browser comes back to", () => {
  const strangers = [
    ["a post with another state", (state: string) => form({ code: "stolen", state: `${state.slice(0, -1)}_` }), 400],
    [
      "a post with two states",
      (state: string) => ({ ...form({ code: "stolen", state }), body: `code=stolen&state=${state}&state=other` }),
      400,
    ],
    ["a post without a state", () => form({ code: "stolen" }), 400],
    ["an error with another state", () => form({ error: "access_denied", state: "x" }), 400],
    ["a post that is no form", (state: string) => ({ method: "POST", body: JSON.stringify({ code: "x", state }) }), 415],
    ["a post that is too long", (state: string) => form({ code: "x".repeat(70_000), state }), 413],
    ["another method", () => ({ method: "PUT" }), 405],
  ] as const;

  it("takes no notice of strangers, whatever they send, and then of the person", async () => {
    const { ended, redirectUri, state, user, url, tokens, tokenRequests } = await waiting();
    for (const [what, init, status] of strangers) {
      const answer = await fetch(redirectUri, init(state));
      expect([what, answer.status]).toEqual([what, status]);
      await answer.text();
    }
    // A code never stands in a URL: such an answer is none.
    const inUrl = await fetch(`${redirectUri}/?code=stolen&state=${state}`);
    expect(inUrl.status).toBe(404);
    await inUrl.text();
    const looked = await fetch(redirectUri);
    expect(await looked.text()).toContain("Waiting for the sign-in");
    expect(looked.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(tokenRequests()).toBe(0);
    expect(await user.signInAt(url.href)).toBe(200);
    await ended;
    expect(await tokens.get()).toBeTypeOf("string");
  });

  it("answers under loopback's own names only", async () => {
    const abort = new AbortController();
    const { ended, redirectUri } = await waiting({ signal: abort.signal });
    const { port } = new URL(redirectUri);
    for (const host of [`rebound.example:${port}`, "localhost", "localhost:80"]) expect(await statusFor(host, Number(port))).toBe(421);
    for (const name of ["localhost", "127.0.0.1", "[::1]"]) expect(await statusFor(`${name}:${port}`, Number(port))).toBe(200);
    abort.abort(new Error("enough"));
    await expect(ended).rejects.toThrow("enough");
  });

  it("takes port 80 with and without its number, as clients leave it out", async ({ skip }) => {
    const listener = await listenForRedirect({ port: 80, state: "the-state", waitingPage }).catch((error: MailError) => error);
    if (listener instanceof MailError) {
      console.log(`Port 80 is not to be had here, so its names are not tried: ${listener.message}`);
      return skip("port 80 is not to be had");
    }
    onTestFinished(() => listener.close());
    for (const host of ["localhost", "localhost:80", "127.0.0.1"]) expect(await statusFor(host, 80)).toBe(200);
    for (const host of ["localhost:81", "rebound.example"]) expect(await statusFor(host, 80)).toBe(421);
  });

  it("takes one answer once, and shows that sender how it ended, in words that hold no markup and no code", async () => {
    const { redirectUri, redirect, close } = await listenForRedirect({ port: 0, state: "the-state", waitingPage });
    const first = fetch(redirectUri, form({ code: "made-up-code", state: "the-state" }));
    const { fields, show } = await redirect;
    expect(fields.get("code")).toBe("made-up-code");
    const second = await fetch(redirectUri, form({ code: "made-up-code", state: "the-state" }));
    expect(second.status).toBe(409);
    expect(await second.text()).not.toContain("made-up-code");
    const showing = show(failedPage("<b>x@y.example</b>", new MailError("AUTH_WRONG_ACCOUNT", "a & b", { remedy: 'Do "it".' })));
    const page = await (await first).text();
    await showing;
    close();
    expect(page).toContain("Not signed in");
    for (const text of ["&#60;b&#62;x@y.example&#60;/b&#62;", "a &#38; b", "Do &#34;it&#34;."]) expect(page).toContain(text);
    expect(signedInPage("a@b.example")).toContain("a@b.example is signed in");
    expect(failedPage("a@b.example", "stopped")).toContain("It was ended before that.");
  });

  it("does not keep a sign-in waiting for a window that was closed", async () => {
    const { redirectUri, redirect, close } = await listenForRedirect({ port: 0, state: "the-state", waitingPage });
    const { port, host } = new URL(redirectUri);
    const body = "code=x&state=the-state";
    const type = "application/x-www-form-urlencoded";
    const window = connect({ host: "127.0.0.1", port: Number(port) }, () => {
      window.write(`POST / HTTP/1.1\r\nhost: ${host}\r\ncontent-type: ${type}\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
    });
    const { show } = await redirect;
    const closed = once(window, "close");
    window.destroy();
    await closed;
    await show(signedInPage("a@b.example"));
    close();
  });
});
