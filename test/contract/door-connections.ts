/**
 * How a door keeps connections. Polls come some turns of the event loop after one another: undici tells the end of a body a moment
 * before the connection is free again, so a request of that very moment opens a second one.
 */
import { describe, expect, it } from "vitest";
import { settle } from "../support/manual-clock.js";
import type { OpenDoor } from "./door-contract.js";
import { closed, doorServer } from "./door-server.js";

export function describeDoorConnections(openDoor: OpenDoor): void {
  describe("a connection", () => {
    it("serves one poll after another", async () => {
      const { url, connections, requests } = await doorServer((_, response) => response.end("{}"));
      const fetch = openDoor();
      for (let poll = 0; poll < 5; poll += 1) {
        await (await fetch(url)).text();
        await settle();
      }
      expect(requests).toHaveLength(5);
      expect(connections).toHaveLength(1);
    });

    it("makes one TLS handshake for polls one after another", async () => {
      const { url, ca, handshakes, requests } = await doorServer((_, response) => response.end("{}"), { tls: true });
      const fetch = openDoor({ ca });
      for (let poll = 0; poll < 3; poll += 1) {
        expect(await (await fetch(url)).text()).toBe("{}");
        await settle();
      }
      expect(requests).toHaveLength(3);
      expect(handshakes()).toBe(1);
    });

    it("is refused to a server that cannot show who it is", async () => {
      const { url, requests } = await doorServer((_, response) => response.end("{}"), { tls: true });
      const error = await openDoor()(url).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ name: "TypeError", cause: { code: "DEPTH_ZERO_SELF_SIGNED_CERT" } });
      expect(requests).toEqual([]);
    });

    it("is not opened for each request: after twenty at once, twenty more open none", async () => {
      const { url, connections, requests } = await doorServer((_, response) => response.end("{}"));
      const fetch = openDoor();
      const burst = () => Promise.all(Array.from({ length: 20 }, async () => (await fetch(url)).text()));
      await burst();
      await settle();
      const opened = connections.length;
      expect(opened).toBeLessThanOrEqual(20);
      await burst();
      expect(requests).toHaveLength(40);
      expect(connections).toHaveLength(opened);
    });

    it("that the server closes between two polls is replaced, and no request is lost", async () => {
      const { url, connections, requests } = await doorServer((_, response) => response.end("{}"));
      const fetch = openDoor();
      await (await fetch(url)).text();
      connections[0]?.end();
      await closed(connections[0]!);
      expect(await (await fetch(url)).text()).toBe("{}");
      expect(requests).toHaveLength(2);
      expect(connections).toHaveLength(2);
    });

    it("that the server closes just as a request comes is an error that names it, and the next request has another", async () => {
      const { url, requests } = await doorServer((_, response) => {
        if (requests.length === 2) response.socket?.end();
        else response.end("{}");
      });
      const fetch = openDoor();
      await (await fetch(url)).text();
      await settle();
      await expect(fetch(url)).rejects.toMatchObject({ name: "TypeError", cause: { code: "UND_ERR_SOCKET" } });
      // Not repeated by the door: only its caller knows what may be sent twice.
      expect(requests).toHaveLength(2);
      expect(requests[1]?.socket === requests[0]?.socket).toBe(true);
      expect(await (await fetch(url)).text()).toBe("{}");
    });
  });
}
