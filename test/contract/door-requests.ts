/** What a door sends. */
import { describe, expect, it } from "vitest";
import type { OpenDoor } from "./door-contract.js";
import { bodyOf, doorServer } from "./door-server.js";

export function describeDoorRequests(openDoor: OpenDoor): void {
  /** A server that notes bodies. */
  async function noting() {
    const bodies: string[] = [];
    const server = await doorServer(async (request, response) => {
      bodies.push(await bodyOf(request));
      response.end("{}");
    });
    return { ...server, bodies };
  }

  describe("a request", () => {
    it("is a GET with the path and query as they were written, for a text and for a URL", async () => {
      const { url, requests } = await noting();
      const fetch = openDoor();
      const target = "/v1.0/me/messages?$select=id&x=%2F%2b(a)";
      await (await fetch(url + target)).text();
      await (await fetch(new URL(url + target))).text();
      expect(requests.map(({ method, url: path }) => `${method} ${path}`)).toEqual([`GET ${target}`, `GET ${target}`]);
    });

    it("asks for gzip, and says who asks as the other door does", async () => {
      const { url, requests } = await noting();
      await (await openDoor()(url)).text();
      expect(requests[0]?.headers).toMatchObject({ accept: "*/*", "user-agent": "node" });
      expect(requests[0]?.headers["accept-encoding"]?.split(/, ?/)).toContain("gzip");
    });

    it.each([
      ["an object", { Prefer: "a, b", AUTHORIZATION: "Bearer t", Accept: "application/json" }],
      ["Headers", new Headers({ prefer: "a, b", authorization: "Bearer t", accept: "application/json" })],
      [
        "a list of pairs",
        [
          ["prefer", "a, b"],
          ["authorization", "Bearer t"],
          ["accept", "application/json"],
        ] as [string, string][],
      ],
    ])("carries headers given as %s, once each", async (_, headers) => {
      const { url, requests } = await noting();
      await (await openDoor()(url, { headers })).text();
      expect(requests[0]?.headers).toMatchObject({ prefer: "a, b", authorization: "Bearer t", accept: "application/json" });
    });

    it("carries a text in UTF-8, with the type that was given", async () => {
      const { url, requests, bodies } = await noting();
      const headers = { "Content-Type": "application/json" };
      await (await openDoor()(url, { method: "PATCH", body: '{"a":"ü✓"}', headers })).text();
      expect(bodies).toEqual(['{"a":"ü✓"}']);
      expect(requests[0]).toMatchObject({ method: "PATCH", headers: { "content-type": "application/json", "content-length": "13" } });
    });

    it.each([
      [
        "a form",
        () => new URLSearchParams({ grant_type: "refresh_token", scope: "a b" }),
        "grant_type=refresh_token&scope=a+b",
        "application/x-www-form-urlencoded;charset=UTF-8",
      ],
      ["a text", () => "plain", "plain", "text/plain;charset=UTF-8"],
      ["bytes", () => new TextEncoder().encode("bytes"), "bytes", undefined],
      ["a blob", () => new Blob(["blob"], { type: "text/csv" }), "blob", "text/csv"],
    ])("names the type of %s by itself", async (_, body, text, type) => {
      const { url, requests, bodies } = await noting();
      await (await openDoor()(url, { method: "POST", body: body() })).text();
      expect(bodies).toEqual([text]);
      expect(requests[0]?.headers["content-type"]).toBe(type);
    });

    it("may be a Request", async () => {
      const { url, requests, bodies } = await noting();
      const request = new Request(`${url}/batch`, { method: "POST", body: "{}", headers: { prefer: "x" }, redirect: "manual" });
      await (await openDoor()(request)).text();
      expect(requests[0]).toMatchObject({ method: "POST", url: "/batch", headers: { prefer: "x" } });
      expect(bodies).toEqual(["{}"]);
    });

    it.each([
      ["an address that is none", "no address", {}],
      ["a header that breaks out of its line", "", { headers: { prefer: "a\r\nx: y" } }],
    ])("with %s is refused with a TypeError, and nothing is sent", async (_, address, init) => {
      const { url, connections } = await noting();
      await expect(openDoor()(address === "" ? url : address, init)).rejects.toThrow(TypeError);
      expect(connections).toEqual([]);
    });
  });
}
