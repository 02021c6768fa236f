/** `base/http.ts` over a door: its deadline, its codes, and where a token may go. */
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { createHttp, type Fetch } from "../../src/base/http.js";
import { deferred } from "../support/deferred.js";
import { createManualClock } from "../support/manual-clock.js";
import { leaks, rejected } from "../support/rejection.js";
import type { OpenDoor } from "./door-contract.js";
import { closed, type DoorServer, doorServer } from "./door-server.js";

const host = "graph.microsoft.com";
const token = "eyJ0eXAiOiJKV1QifQ.secret-part.signature";

export function describeDoorBelowHttp(openDoor: OpenDoor): void {
  /** Asks the server as the daemon asks Graph. */
  function asking({ url }: DoorServer) {
    const clock = createManualClock();
    const door = openDoor();
    const fetch: Fetch = (input, init) => door(String(input).replace(`https://${host}`, url), init);
    const http = createHttp({ service: "GRAPH", hosts: [host], deadlineMs: 1_000, fetch, clock });
    const ask = (target = `https://${host}/v1.0/me`, signal?: AbortSignal) =>
      http({ method: "GET", url: target, headers: { Authorization: `Bearer ${token}` }, signal });
    return { ask, clock };
  }

  describe("base/http over it", () => {
    it("gets status, headers and text", async () => {
      const server = await doorServer((_, response) =>
        response.writeHead(200, { "content-encoding": "gzip", "request-id": "r" }).end(gzipSync("{}")),
      );
      const answer = await asking(server).ask();
      expect(answer).toMatchObject({ status: 200, text: "{}" });
      expect(answer.headers.get("request-id")).toBe("r");
    });

    it("ends a body that stalls at its deadline and closes the connection", async () => {
      const begun = deferred<void>();
      const server = await doorServer(
        (_, response) => void response.writeHead(200, { "content-length": 100 }).write("half", () => begun.resolve()),
      );
      const { ask, clock } = asking(server);
      const error = rejected(ask(), { secrets: [token] });
      await begun.promise;
      await clock.advance(1_000);
      expect((await error).code).toBe("GRAPH_TIMEOUT");
      await closed(server.connections[0]!);
    });

    it("gives the caller's own reason for an abort", async () => {
      const controller = new AbortController();
      const server = await doorServer(() => controller.abort("stop"));
      await expect(asking(server).ask(undefined, controller.signal)).rejects.toBe("stop");
      await closed(server.connections[0]!);
    });

    it("knows that nothing was sent where no connection stood", async () => {
      const server = await doorServer((_, response) => response.end());
      await new Promise<void>((resolve) => void server.server.close(() => resolve()));
      const error = await rejected(asking(server).ask(), { secrets: [token] });
      expect(error).toMatchObject({ code: "GRAPH_UNREACHABLE", unsent: true });
      expect(error.message).toContain("(ECONNREFUSED)");
    });

    it.each<[string, Parameters<typeof doorServer>[0], string]>([
      ["cut", (_, response) => void response.writeHead(200).write("half", () => response.destroy()), "UND_ERR_SOCKET"],
      ["packed badly", (_, response) => response.writeHead(200, { "content-encoding": "gzip" }).end("not packed"), "Z_DATA_ERROR"],
    ])("calls a body that is %s a bad response, by its reason, without the token", async (_, answer, reason) => {
      const error = await rejected(asking(await doorServer(answer)).ask(), { secrets: [token] });
      expect(error.code).toBe("GRAPH_BAD_RESPONSE");
      expect(error.message).toContain(`(${reason})`);
    });

    it("takes the token to no other server, by redirect or by link", async () => {
      const other = await doorServer((_, response) => response.end("{}"));
      const server = await doorServer((_, response) => response.writeHead(307, { location: other.url }).end());
      const { ask } = asking(server);
      expect((await ask()).status).toBe(307);
      expect((await rejected(ask(`${other.url}/next`), { secrets: [token] })).code).toBe("GRAPH_BAD_RESPONSE");
      expect(other.requests).toEqual([]);
      expect(
        leaks(
          server.requests.map(({ headers }) => headers.authorization),
          [token],
        ),
      ).toEqual([token]);
    });
  });
}
