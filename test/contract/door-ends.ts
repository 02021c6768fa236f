/** How a request ends that does not come to its end: aborted, refused, cut, or packed badly. */
import type { RequestListener, ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { deferred } from "../support/deferred.js";
import { settle } from "../support/manual-clock.js";
import type { OpenDoor } from "./door-contract.js";
import { closed, doorServer, muteServer } from "./door-server.js";

const packed = gzipSync(JSON.stringify(Array.from({ length: 5_000 }, (_, index) => index * 7_919)));

export function describeDoorEnds(openDoor: OpenDoor): void {
  describe("an abort", () => {
    const reason = new Error("enough");

    it("that came before sends nothing", async () => {
      const { url, connections } = await doorServer((_, response) => response.end());
      await expect(openDoor()(url, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
      expect(connections).toEqual([]);
    });

    it("while the connection is made ends the request at once", async () => {
      const { url, connected } = await muteServer();
      const controller = new AbortController();
      const ended = expect(openDoor()(url, { signal: controller.signal })).rejects.toBe(reason);
      await connected;
      controller.abort(reason);
      await ended;
    });

    it("before the answer ends the request with its reason and closes the connection", async () => {
      const came = deferred<void>();
      const { url, connections } = await doorServer(() => came.resolve());
      const controller = new AbortController();
      const asked = openDoor()(url, { signal: controller.signal });
      const ended = expect(asked).rejects.toBe(reason);
      await came.promise;
      controller.abort(reason);
      await ended;
      await closed(connections[0]!);
    });

    it.each<[string, (response: Response) => Promise<unknown>]>([
      ["its text", (response) => response.text()],
      ["its stream", (response) => new Response(response.body).text()],
    ])("within the body ends the reading of %s with its reason and closes the connection", async (_, read) => {
      const { url, connections } = await doorServer(
        (_request, response) => void response.writeHead(200, { "content-length": 100 }).write("half"),
      );
      const controller = new AbortController();
      const response = await openDoor()(url, { signal: controller.signal });
      const ended = expect(read(response)).rejects.toBe(reason);
      controller.abort(reason);
      await ended;
      await closed(connections[0]!);
    });

    it("between head and body ends the reading with its reason", async () => {
      const { url } = await doorServer((_request, response) => void response.writeHead(200, { "content-length": 100 }).write("half"));
      const controller = new AbortController();
      const response = await openDoor()(url, { signal: controller.signal });
      controller.abort(reason);
      // The global fetch of Node 20 has a reason of its own here.
      await expect(response.text()).rejects.toSatisfy((error: Error) => error === reason || error.name === "AbortError");
    });

    it("that comes afterwards changes nothing, and the connection stays", async () => {
      const { url, connections } = await doorServer((_, response) => response.end("{}"));
      const fetch = openDoor();
      const controller = new AbortController();
      expect(await (await fetch(url, { signal: controller.signal })).text()).toBe("{}");
      controller.abort(reason);
      await settle();
      await (await fetch(url)).text();
      expect(connections).toHaveLength(1);
    });
  });

  describe("a failure", () => {
    it("to connect is a TypeError whose cause has the system's code", async () => {
      const { url, server } = await doorServer((_, response) => response.end());
      await new Promise<void>((resolve) => void server.close(() => resolve()));
      await expect(openDoor()(url)).rejects.toMatchObject({ name: "TypeError", message: "fetch failed", cause: { code: "ECONNREFUSED" } });
    });

    it("to find the host is told by the resolver's code", async () => {
      // Two dots: the resolver refuses it without asking anybody.
      await expect(openDoor()("http://no..where/")).rejects.toMatchObject({
        cause: { code: expect.stringMatching(/^(ENOTFOUND|EAI_AGAIN)$/) },
      });
    });

    it.each<[string, RequestListener]>([
      ["that is closed without an answer", (request) => request.socket.destroy()],
      ["that is reset without an answer", (request) => request.socket.resetAndDestroy()],
    ])("of a connection %s has a code", async (_, answer) => {
      const { url } = await doorServer(answer);
      const error = await openDoor()(url).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(TypeError);
      expect((error as { cause: { code: string } }).cause.code).toMatch(/^(UND_ERR_SOCKET|ECONNRESET)$/);
    });

    it("of a server that does not speak HTTP says so", async () => {
      const { url } = await doorServer((request) => request.socket.end("220 mail.example ESMTP\r\n"));
      await expect(openDoor()(url)).rejects.toMatchObject({ name: "TypeError", cause: { name: "HTTPParserError" } });
    });

    const cut = (response: ServerResponse, headers: Record<string, string | number>, part: string | Buffer) =>
      void response.writeHead(200, headers).write(part, () => response.destroy());
    it.each<[string, RequestListener]>([
      ["that is cut", (_, response) => cut(response, { "content-length": 100 }, "half")],
      ["of unnamed length that is cut", (_, response) => cut(response, {}, "half")],
      ["that is packed and cut", (_, response) => cut(response, { "content-encoding": "gzip" }, packed.subarray(0, 1_000))],
      ["shorter than it says", (request) => request.socket.end("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf")],
      ["that is not packed as it says", (_, response) => response.writeHead(200, { "content-encoding": "gzip" }).end("not packed")],
      [
        "whose packing is damaged",
        (_, response) =>
          response
            .writeHead(200, { "content-encoding": "gzip" })
            .end(Buffer.concat([packed.subarray(0, 500), Buffer.alloc(500), packed.subarray(1_000)])),
      ],
    ])("of a body %s is an error, never half a text", async (_, answer) => {
      const { url } = await doorServer(answer);
      const fetch = openDoor();
      await expect((await fetch(url)).text()).rejects.toThrow(TypeError);
      await expect(new Response((await fetch(url)).body).text()).rejects.toThrow();
    });
  });
}
