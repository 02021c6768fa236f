/** What a door gives back. */
import type { ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { OpenDoor } from "./door-contract.js";
import { doorServer } from "./door-server.js";

/** Longer than what is unpacked on the spot, and than what a socket takes at once. */
const long = JSON.stringify(Array.from({ length: 40_000 }, (_, index) => `${index * 7_919} ü`));

export function describeDoorAnswers(openDoor: OpenDoor): void {
  async function answered(answer: (response: ServerResponse) => unknown, init: RequestInit = {}) {
    const server = await doorServer((_, response) => answer(response));
    return openDoor()(`${server.url}/x`, { redirect: "manual", ...init });
  }

  describe("an answer", () => {
    it("has status, words, headers and its own address", async () => {
      const response = await answered((to) => to.writeHead(503, "Too Busy", { "Retry-After": "7" }).end("busy"));
      expect(response).toMatchObject({ status: 503, statusText: "Too Busy", ok: false, redirected: false, bodyUsed: false });
      expect(response.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/x$/);
      expect(response.headers).toBeInstanceOf(Headers);
      expect(response.headers.get("retry-after")).toBe("7");
      expect(await response.text()).toBe("busy");
      expect(response.bodyUsed).toBe(true);
    });

    it("joins a header that comes several times, and keeps cookies apart", async () => {
      const challenges = ['Bearer realm="", error="insufficient_claims"', "Negotiate"];
      const response = await answered((to) => to.writeHead(401, { "WWW-Authenticate": challenges, "Set-Cookie": ["a=1", "b=2"] }).end());
      expect(response.headers.get("www-authenticate")).toBe(challenges.join(", "));
      expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
      await response.text();
    });

    it("may have a header that is not ASCII", async () => {
      const response = await answered((to) => to.writeHead(200, { "x-name": "J\u00fcrgen" }).end());
      expect(response.headers.get("x-name")).toBe("J\u00fcrgen");
      await response.text();
    });

    it.each<[string, (response: Response) => Promise<unknown>, unknown]>([
      ["text", (response) => response.text(), '{"a":"ü"}'],
      ["JSON", (response) => response.json(), { a: "ü" }],
      ["an array buffer", async (response) => new TextDecoder().decode(await response.arrayBuffer()), '{"a":"ü"}'],
      ["a blob", async (response) => (await response.blob()).text(), '{"a":"ü"}'],
      ["a clone", (response) => response.clone().text(), '{"a":"ü"}'],
      ["text after a clone", (response) => [response.clone(), response.text()][1] as Promise<string>, '{"a":"ü"}'],
      ["a stream", (response) => new Response(response.body).text(), '{"a":"ü"}'],
    ])("is read as %s, plain and packed", async (_, read, expected) => {
      expect(await read(await answered((to) => to.end('{"a":"ü"}')))).toEqual(expected);
      expect(await read(await answered((to) => to.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync('{"a":"ü"}'))))).toEqual(
        expected,
      );
    });

    it("is read whole when it is long, plain and packed", async () => {
      expect(await (await answered((to) => to.end(long))).text()).toBe(long);
      const packed = await answered((to) => to.writeHead(200, { "content-encoding": "GZIP" }).end(gzipSync(long)));
      expect(await packed.text()).toBe(long);
      const streamed = await answered((to) => to.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(long)));
      expect(await new Response(streamed.body).text()).toBe(long);
    });

    it("is read once", async () => {
      const response = await answered((to) => to.end("once"));
      await response.text();
      await expect(response.text()).rejects.toThrow(TypeError);
      expect(() => response.clone()).toThrow(TypeError);
      expect(response.body?.locked).toBe(true);
    });

    it("loses a byte order mark, and what is no UTF-8 is replaced", async () => {
      expect(await (await answered((to) => to.end("\ufeff{}"))).text()).toBe("{}");
      expect(await (await answered((to) => to.end(Buffer.from([0x61, 0xff, 0x62])))).text()).toBe("a\ufffdb");
    });

    it.each([204, 304])("of status %i has no body", async (status) => {
      const response = await answered((to) => to.writeHead(status, { "content-encoding": "gzip" }).end());
      expect(response.body).toBeNull();
      expect(await response.text()).toBe("");
    });

    it("to HEAD has no body, however long it says one would be", async () => {
      const headers = { "content-encoding": "gzip", "content-length": "100" };
      const response = await answered((to) => to.writeHead(200, headers).end(), { method: "HEAD" });
      expect(response.headers.get("content-length")).toBe("100");
      expect(await response.text()).toBe("");
    });

    it.each([301, 302, 303, 307, 308])("of status %i is given as it is and not followed", async (status) => {
      const server = await doorServer((_, response) => response.writeHead(status, { location: "/elsewhere" }).end("moved"));
      const response = await openDoor()(server.url, { redirect: "manual", headers: { authorization: "Bearer t" } });
      expect(response.status).toBe(status);
      expect(response.headers.get("location")).toBe("/elsewhere");
      await response.text();
      expect(server.requests).toHaveLength(1);
    });
  });
}
