/** The door over real sockets: what breaks, stalls or lies on the wire, with the `fetch` of Node itself. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { systemClock } from "../../../src/base/clock.js";
import { createHttp, type Fetch } from "../../../src/base/http.js";
import { createManualClock } from "../../support/manual-clock.js";
import { leaks, rejected } from "../../support/rejection.js";

const token = "eyJ0eXAiOiJKV1QifQ.secret-part.signature";
const host = "graph.microsoft.com";

type Answering = (request: IncomingMessage, response: ServerResponse) => void;

/** A server on loopback that stands for Graph, and a door that leads to it. */
async function served(answer: Answering, options: { deadlineMs?: number; clock?: typeof systemClock } = {}) {
  const server = createServer(answer);
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  const { port } = server.address() as AddressInfo;
  const fetch: Fetch = (input, init) => globalThis.fetch(String(input).replace(`https://${host}`, `http://127.0.0.1:${port}`), init);
  const http = createHttp({
    service: "GRAPH",
    hosts: [host],
    deadlineMs: options.deadlineMs ?? 10_000,
    fetch,
    clock: options.clock ?? systemClock,
  });
  return {
    port,
    server,
    ask: (signal?: AbortSignal) =>
      http({ method: "GET", url: `https://${host}/v1.0/me`, headers: { Authorization: `Bearer ${token}` }, signal }),
  };
}

describe("a connection", () => {
  it("that answers whole is read whole", async () => {
    const text = `{"value":"${"ü".repeat(100_000)}"}`;
    const { ask } = await served((_, response) => response.end(text));
    expect(await ask()).toMatchObject({ status: 200, text });
  });

  it.each<[string, Answering, string]>([
    ["closed without an answer", (request) => request.socket.destroy(), "GRAPH_UNREACHABLE"],
    ["reset without an answer", (request) => request.socket.resetAndDestroy(), "GRAPH_UNREACHABLE"],
    ["that answers what is not HTTP", (request) => request.socket.end("220 mail.example ESMTP\r\n"), "GRAPH_UNREACHABLE"],
    [
      "closed within the body",
      (_, response) => void response.writeHead(200, { "content-length": 100 }).write('{"value":', () => response.destroy()),
      "GRAPH_BAD_RESPONSE",
    ],
    [
      "closed within a body of unnamed length",
      (_, response) => void response.writeHead(200).write('{"value":', () => response.destroy()),
      "GRAPH_BAD_RESPONSE",
    ],
    [
      "whose body is not packed as it says",
      (_, response) => response.writeHead(200, { "content-encoding": "gzip" }).end("not packed"),
      "GRAPH_BAD_RESPONSE",
    ],
  ])("%s is a failure of ours that shows no token", async (_, answer, code) => {
    const { ask } = await served(answer);
    expect((await rejected(ask(), { secrets: [token] })).code).toBe(code);
  });

  it("refused by the system names the system's code", async () => {
    const { ask, server } = await served((_, response) => response.end());
    await new Promise<void>((resolve) => void server.close(() => resolve()));
    const error = await rejected(ask());
    expect(error).toMatchObject({ code: "GRAPH_UNREACHABLE" });
    expect(error.message).toContain("(ECONNREFUSED)");
  });
});

describe("the deadline", () => {
  it("ends a body that stalls, and closes the socket", async () => {
    const clock = createManualClock();
    let stalled: (() => void) | undefined;
    const begun = new Promise<void>((resolve) => {
      stalled = resolve;
    });
    let closed: Promise<void> | undefined;
    const { ask } = await served(
      (request, response) => {
        closed = new Promise((resolve) => void request.socket.once("close", () => resolve()));
        response.writeHead(200, { "content-length": 100 }).write('{"value":', () => stalled?.());
      },
      { clock, deadlineMs: 1_000 },
    );
    const error = rejected(ask(), { secrets: [token] });
    await begun;
    await clock.advance(1_000);
    expect((await error).code).toBe("GRAPH_TIMEOUT");
    await closed;
  });

  it("runs on the system's clock too", async () => {
    const { ask } = await served(() => undefined, { deadlineMs: 20 });
    expect((await rejected(ask())).code).toBe("GRAPH_TIMEOUT");
  });
});

it("an abort closes the socket", async () => {
  const controller = new AbortController();
  let closed: Promise<void> | undefined;
  const { ask } = await served((request) => {
    closed = new Promise((resolve) => void request.socket.once("close", () => resolve()));
    controller.abort("stop");
  });
  await expect(ask(controller.signal)).rejects.toBe("stop");
  await closed;
});

it("a redirect to another server is not followed, and the token does not go there", async () => {
  const asked: (string | undefined)[] = [];
  const other = await served((request, response) => {
    asked.push(request.headers.authorization);
    response.end("{}");
  });
  for (const status of [301, 302, 303, 307, 308]) {
    const { ask } = await served((_, response) => response.writeHead(status, { location: `http://127.0.0.1:${other.port}/` }).end());
    expect((await ask()).status).toBe(status);
  }
  expect(asked).toEqual([]);
  await other.ask();
  expect(leaks(asked, [token])).toEqual([token]);
});
