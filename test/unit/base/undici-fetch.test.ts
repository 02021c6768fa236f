/** What only the second door has: its options, its package, and what it does where the global `fetch` is content with less. */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompressSync, gzipSync } from "node:zlib";
import undici from "undici";
import { describe, expect, it, onTestFinished } from "vitest";
import { ConfigError } from "../../../src/base/errors.js";
import { type UndiciFetchOptions, undiciFetch, undiciFetchOver } from "../../../src/base/undici-fetch.js";
import type { UndiciLibrary } from "../../../src/base/undici-library.js";
import { closed, doorServer, muteServer } from "../../contract/door-server.js";
import { deferred } from "../../support/deferred.js";
import { settle } from "../../support/manual-clock.js";
import { leaks } from "../../support/rejection.js";

function refused(work: () => unknown): ConfigError {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return error as ConfigError;
  }
  throw new Error("Expected a refusal.");
}

describe("an option", () => {
  it.each<[string, UndiciFetchOptions, string]>([
    ["too few connections", { connections: 0 }, "Expected `undiciFetch.connections` to be 1 or more, got 0 (number)."],
    ["a part of a connection", { connections: 1.5 }, "Expected `undiciFetch.connections` to be a whole number, got 1.5 (number)."],
    [
      "too short a time to keep one",
      { keepAliveTimeoutMs: 999 },
      "Expected `undiciFetch.keepAliveTimeoutMs` to be 1000 or more, got 999 (number).",
    ],
    [
      "too long a time to make one",
      { connectTimeoutMs: 600_001 },
      "Expected `undiciFetch.connectTimeoutMs` to be 600000 or less, got 600001 (number).",
    ],
    [
      "a proxy of another kind",
      { proxy: "ftp://proxy.example" },
      "Expected `undiciFetch.proxy` to be the URL of a proxy, http:// or https://, got a value of type string.",
    ],
    ["no certificate", { ca: [] }, "Expected `undiciFetch.ca` to be certificates as PEM, one or a list, got an array of 0."],
    [
      "an unknown one",
      { keepAlive: 1 } as UndiciFetchOptions,
      "Unknown option `undiciFetch.keepAlive`: check its spelling, and that this version has it.",
    ],
  ])("that is %s is refused by name", (_, options, message) => {
    expect(refused(() => undiciFetch(options))).toMatchObject({ code: "CONFIG_INVALID", message });
  });

  it("with a proxy's password in it is not repeated", () => {
    expect(
      leaks(
        refused(() => undiciFetch({ proxy: "//me:letmein@proxy.example" })),
        ["letmein"],
      ),
    ).toEqual([]);
  });

  it.each<[string, UndiciFetchOptions]>([
    ["a proxy's URL", { proxy: new URL("https://me:letmein@proxy.example:8080") }],
    ["several certificates", { ca: ["-----BEGIN CERTIFICATE-----", Buffer.from("-----BEGIN CERTIFICATE-----")] }],
  ])("may be %s", (_, options) => {
    expect(undiciFetch(options)).toBeTypeOf("function");
  });
});

describe("the package", () => {
  it("has what is used of it, as the compiler sees here", async () => {
    const library: UndiciLibrary = undici;
    const { url } = await doorServer((_, response) => response.end("{}"));
    expect(await (await undiciFetchOver(() => library)(url)).text()).toBe("{}");
  });

  it("that is absent is named when the door is made, with what to do", () => {
    const absent = () => {
      throw Object.assign(new Error("Cannot find module 'undici'\nRequire stack:\n- here"), { code: "MODULE_NOT_FOUND" });
    };
    expect(refused(() => undiciFetchOver(absent))).toMatchObject({
      code: "CONFIG_PACKAGE_MISSING",
      message: "undiciFetch needs the package undici, which is not installed.",
      remedy: expect.stringContaining("npm install undici@7"),
      who: "developer",
    });
  });

  it("that does not run on this Node is told from an absent one, by its cause", () => {
    const cause = new TypeError("webidl.util.markAsUncloneable is not a function");
    const error = refused(() =>
      undiciFetchOver(() => {
        throw cause;
      }),
    );
    expect(error).toMatchObject({ code: "CONFIG_PACKAGE_MISSING", cause });
    expect(error.message).toContain("is installed, but cannot be loaded");
  });

  it("leaves the global fetch of the host on Node's own agent", async () => {
    const program = `
      const { undiciFetch } = await import("m365-mail-daemon");
      undiciFetch();
      const { Agent } = (await import("undici")).default;
      console.log(globalThis[Symbol.for("undici.globalDispatcher.1")] instanceof Agent);
    `;
    const cwd = fileURLToPath(new URL("../../../", import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", program], { cwd });
    expect(stdout).toBe("false\n");
  });

  it("of version 7 would be under the global fetch if it were loaded first", async () => {
    const program = `
      const { Agent } = (await import("undici")).default;
      console.log(globalThis[Symbol.for("undici.globalDispatcher.1")] instanceof Agent);
    `;
    const cwd = fileURLToPath(new URL("../../../", import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", program], { cwd });
    expect(stdout).toBe("true\n");
  });
});

describe("connections", () => {
  it("are no more than allowed; the other requests wait", async () => {
    const waiting: (() => void)[] = [];
    const full = deferred<void>();
    const { url, connections } = await doorServer((_, response) => {
      waiting.push(() => response.end("{}"));
      if (waiting.length === 2) full.resolve();
    });
    const fetch = undiciFetch({ connections: 2 });
    const asked = Promise.all(Array.from({ length: 6 }, async () => (await fetch(url)).text()));
    await full.promise;
    await settle();
    expect(waiting).toHaveLength(2);
    let done = false;
    void asked.then(() => {
      done = true;
    });
    while (!done) {
      waiting.shift()?.();
      await settle();
    }
    expect(await asked).toHaveLength(6);
    expect(connections).toHaveLength(2);
  });

  it("are kept over a pause after which the global fetch, and a door told to, make a new handshake", async () => {
    const { url, ca, connections, handshakes } = await doorServer((_, response) => response.end("{}"), { tls: true });
    const [kept, short] = [undiciFetch({ ca }), undiciFetch({ ca, keepAliveTimeoutMs: 1_000 })];
    await (await kept(url)).text();
    await (await short(url)).text();
    const plain = await doorServer((_, response) => response.end("{}"));
    await (await fetch(plain.url)).text();
    // Both let go by themselves: a second, and the four seconds of the global fetch.
    await Promise.all([closed(connections[1]!), closed(plain.connections[0]!)]);
    await (await kept(url)).text();
    expect(handshakes()).toBe(2);
    await (await short(url)).text();
    expect(handshakes()).toBe(3);
    await (await fetch(plain.url)).text();
    expect(plain.connections).toHaveLength(2);
  });

  it("that do not come to stand in time are told as such", async () => {
    const { url } = await muteServer();
    await expect(undiciFetch({ connectTimeoutMs: 100 })(url)).rejects.toMatchObject({
      name: "TypeError",
      cause: { code: "UND_ERR_CONNECT_TIMEOUT" },
    });
  });

  it("go through a proxy, which learns the host and its own password only", async () => {
    const { url, ca, handshakes, requests } = await doorServer((_, response) => response.end("{}"), { tls: true });
    const tunnels: { target: string | undefined; authorization: string | undefined; token: string | undefined }[] = [];
    const proxy = createServer().on("connect", (request, socket) => {
      const { authorization: token, "proxy-authorization": authorization } = request.headers;
      tunnels.push({ target: request.url, authorization, token });
      const onward = connect(Number(new URL(url).port), "127.0.0.1", () => {
        socket.write("HTTP/1.1 200 OK\r\n\r\n");
        onward.pipe(socket).pipe(onward);
      });
      socket.on("error", () => onward.destroy()).on("close", () => onward.destroy());
      onward.on("error", () => socket.destroy());
    });
    proxy.listen(0, "127.0.0.1");
    await once(proxy, "listening");
    onTestFinished(() => void proxy.close());
    const { port } = proxy.address() as AddressInfo;
    const fetch = undiciFetch({ ca, proxy: `http://me:letmein@127.0.0.1:${port}` });
    for (let poll = 0; poll < 3; poll += 1) {
      expect(await (await fetch(url, { headers: { authorization: "Bearer t" } })).text()).toBe("{}");
      await settle();
    }
    expect(tunnels).toEqual([{ target: new URL(url).host, authorization: `Basic ${btoa("me:letmein")}`, token: undefined }]);
    expect(requests.map(({ headers }) => headers.authorization)).toEqual(["Bearer t", "Bearer t", "Bearer t"]);
    expect(handshakes()).toBe(1);
  });
});

describe("an answer", () => {
  it("that is packed and ends early is an error, also where its length is right", async () => {
    const packed = gzipSync("x".repeat(10) + "y".repeat(10));
    const { url } = await doorServer((_, response) => response.writeHead(200, { "content-encoding": "gzip" }).end(packed.subarray(0, -10)));
    const fetch = undiciFetch();
    await expect((await fetch(url)).text()).rejects.toMatchObject({ name: "TypeError", cause: { code: "Z_BUF_ERROR" } });
    await expect(new Response((await fetch(url)).body).text()).rejects.toMatchObject({ code: "Z_BUF_ERROR" });
  });

  it("that is packed in a way unknown is an error, never what is no text", async () => {
    const { url } = await doorServer((_, response) => response.writeHead(200, { "content-encoding": "zstd" }).end("?"));
    const fetch = undiciFetch();
    await expect((await fetch(url)).text()).rejects.toThrow(TypeError);
    const response = await fetch(url);
    expect(() => response.body).toThrow("packed in a way that nobody asked for: zstd");
    await response.text().catch(() => undefined);
  });

  it("may be packed as its caller asked", async () => {
    const { url, requests } = await doorServer((_, response) =>
      response.writeHead(200, { "content-encoding": "br" }).end(brotliCompressSync("{}")),
    );
    expect(await (await undiciFetch()(url, { headers: { "Accept-Encoding": "br" } })).json()).toEqual({});
    expect(requests[0]?.headers["accept-encoding"]).toBe("br");
  });

  it.each(["follow", "error"] as const)("to a redirect cannot be asked for as %s", async (redirect) => {
    const { url, connections } = await doorServer((_, response) => response.end());
    await expect(undiciFetch()(url, { redirect })).rejects.toThrow('ask with `redirect: "manual"`');
    expect(connections).toEqual([]);
  });

  it("that is a redirect is given as it is when nothing was said about redirects", async () => {
    const { url, requests } = await doorServer((_, response) => response.writeHead(302, { location: "/elsewhere" }).end());
    expect((await undiciFetch()(url)).status).toBe(302);
    expect(requests).toHaveLength(1);
  });
});
