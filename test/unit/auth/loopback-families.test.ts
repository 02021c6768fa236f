/** The redirect's two loopback families: a browser may take `localhost` for either. */
import { type AddressInfo, createServer, Server } from "node:net";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { listenForRedirect } from "../../../src/auth/redirect-listener.js";
import { rejected } from "../../support/rejection.js";

type Listen = (this: Server, options: { readonly host: string; readonly port: number }, done?: () => void) => Server;
const listen = Server.prototype.listen as Listen;

/** Another program on a port of ::1; empty where the machine has no such address. */
async function stranger(port: number): Promise<Server | undefined> {
  const server = createServer((socket) => socket.end());
  return new Promise((resolve) => {
    server.once("error", () => resolve(undefined)).once("listening", () => resolve(server));
    listen.call(server, { host: "::1", port });
  });
}

const closed = (server: Server | undefined) => new Promise<void>((resolve) => void server?.close(() => resolve()));

const probe = await stranger(0);
await closed(probe);
if (!probe) console.log("The redirect on ::1: skipped, this machine has no IPv6 loopback.");

/** For as long as the test runs, another program is quicker than the listener on ::1, so many times. */
function outrun(times: number) {
  const taken: number[] = [];
  const strangers: Server[] = [];
  const racing: Listen = function (options, done) {
    if (options.host === "::1" && taken.length < times) {
      taken.push(options.port);
      const other = createServer();
      strangers.push(other);
      // Both bind in the order they were asked.
      listen.call(other, options);
    }
    return listen.call(this, options, done);
  };
  vi.spyOn(Server.prototype, "listen").mockImplementation(racing as Server["listen"]);
  onTestFinished(async () => {
    vi.restoreAllMocks();
    await Promise.all(strangers.map(closed));
  });
  return taken;
}

const options = { state: "the-state", waitingPage: "<p>Waiting</p>" };

describe.skipIf(!probe)("the redirect", () => {
  it("is answered on both loopback addresses at one port, until it is closed", async () => {
    const { redirectUri, redirect, close } = await listenForRedirect({ ...options, port: 0 });
    const { port } = new URL(redirectUri);
    const pages = ["127.0.0.1", "[::1]"].map((host) => `http://${host}:${port}/`);
    for (const page of pages) expect(await (await fetch(page)).text()).toBe(options.waitingPage);
    const posted = fetch(pages[1] ?? "", { method: "POST", body: new URLSearchParams({ code: "made-up-code", state: "the-state" }) });
    const { fields, show } = await redirect;
    expect(fields.get("code")).toBe("made-up-code");
    await show("<p>Done</p>");
    expect(await (await posted).text()).toBe("<p>Done</p>");
    close();
    for (const page of pages) await expect(fetch(page)).rejects.toThrow();
  });

  it("says at once that a port it was told is taken when another program holds it on ::1 alone, and leaves it alone", async () => {
    const holder = await stranger(0);
    const listens = vi.spyOn(Server.prototype, "listen");
    onTestFinished(() => {
      listens.mockRestore();
      return closed(holder);
    });
    const { port } = (holder as Server).address() as AddressInfo;
    expect(await rejected(listenForRedirect({ ...options, port }))).toMatchObject({
      code: "AUTH_REDIRECT_UNAVAILABLE",
      message: expect.stringMatching(new RegExp(`${port}.*EADDRINUSE`)),
      who: "developer",
      step: "browser",
    });
    // One for each family.
    expect(listens).toHaveBeenCalledTimes(2);
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
  });

  it("takes another port when another program holds a free one's number on ::1", async () => {
    const taken = outrun(2);
    const { redirectUri, close } = await listenForRedirect({ ...options, port: 0 });
    const { port } = new URL(redirectUri);
    expect(taken).toHaveLength(2);
    expect(taken).not.toContain(Number(port));
    for (const host of ["127.0.0.1", "[::1]"]) expect((await fetch(`http://${host}:${port}/`)).status).toBe(200);
    for (const left of taken) await expect(fetch(`http://127.0.0.1:${left}/`)).rejects.toThrow();
    close();
  });

  it("gives up when another program is quicker each time", async () => {
    const taken = outrun(Number.POSITIVE_INFINITY);
    const error = await rejected(listenForRedirect({ ...options, port: 0 }));
    expect(error).toMatchObject({ code: "AUTH_REDIRECT_UNAVAILABLE", message: expect.stringContaining("EADDRINUSE") });
    expect(taken).toHaveLength(5);
    expect(new Set(taken).size).toBe(5);
  });
});
