/** The health endpoint over real sockets: what it answers to whom, by what status, and that it names no address. */
import { request } from "node:http";
import { expect, onTestFinished, test } from "vitest";
import { type HttpEndpointOptions, openHttpEndpoint } from "../../../src/cli/http-endpoint.js";
import { type DaemonStatus, nothingUnderWay, type QueueStatus } from "../../../src/daemon/status.js";
import { rejected } from "../../support/rejection.js";

const well: QueueStatus = {
  address: "support@contoso.com",
  state: "idle",
  why: "the round is complete",
  ...nothingUnderWay,
};
const running: DaemonStatus = { state: "running", queues: [well] };
const trouble = {
  storeTrouble: {
    since: new Date("2026-03-01T08:00:00Z"),
    why: "STORE_UNAVAILABLE: The disk is full.",
    remedy: "See whether the disk is full.",
  },
};

interface Answered {
  readonly status: number | undefined;
  readonly type: string | undefined;
  readonly text: string;
  readonly json: () => Record<string, unknown>;
}

async function opened(options: Partial<HttpEndpointOptions> & { status?: () => DaemonStatus } = {}) {
  const { status = () => running, ...more } = options;
  const endpoint = await openHttpEndpoint({ daemon: { status }, port: 0, ...more });
  onTestFinished(() => endpoint.close());
  const { port } = new URL(endpoint.url);
  const ask = (path: string, { method = "GET", host }: { method?: string; host?: string } = {}) =>
    new Promise<Answered>((resolve, reject) => {
      const asking = request(
        { host: new URL(endpoint.url).hostname.replace(/[[\]]/g, ""), port, path, method, agent: false },
        (response) => {
          let text = "";
          response.on("data", (piece) => (text += String(piece)));
          response.on("end", () =>
            resolve({ status: response.statusCode, type: response.headers["content-type"], text, json: () => JSON.parse(text) }),
          );
        },
      );
      if (host !== undefined) asking.setHeader("host", host);
      asking.on("error", reject);
      asking.end();
    });
  return { endpoint, port, ask };
}

test("a daemon that runs and whose store is well is alive and ready, with its queues counted", async () => {
  const { ask, endpoint } = await opened();
  expect(endpoint.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  const [health, ready] = [await ask("/healthz"), await ask("/readyz")];
  expect([health.status, ready.status, health.type]).toEqual([200, 200, "application/json; charset=utf-8"]);
  expect(health.json()).toEqual({ status: "ok", daemon: "running", problems: [] });
  expect(ready.json()).toEqual({
    status: "ok",
    daemon: "running",
    problems: [],
    queues: { total: 1, states: { idle: 1 }, stale: 0, late: 0 },
    attention: [],
  });
});

test.each([
  ["new", 200, "LIFECYCLE_NOT_STARTED"],
  ["starting", 200, "LIFECYCLE_NOT_STARTED"],
  ["stopping", 200, "LIFECYCLE_STOPPED"],
  ["stopped", 503, "LIFECYCLE_STOPPED"],
] as const)("a daemon that is %s is not ready, and says so by code", async (state, alive, code) => {
  const { ask } = await opened({ status: () => ({ state, queues: [] }) });
  expect((await ask("/healthz")).status).toBe(alive);
  const ready = await ask("/readyz");
  expect([ready.status, ready.json()]).toMatchObject([503, { status: "failing", daemon: state, problems: [{ code }] }]);
});

test("with its store in trouble it is neither alive nor ready, with the code, since when and what to do; and well again after it", async () => {
  let status: DaemonStatus = { ...running, ...trouble };
  const { ask } = await opened({ status: () => status });
  const problems = [{ code: "STORE_UNAVAILABLE", since: "2026-03-01T08:00:00.000Z", remedy: "See whether the disk is full." }];
  for (const path of ["/healthz", "/readyz"]) {
    const answer = await ask(path);
    expect([answer.status, answer.json().problems]).toEqual([503, problems]);
  }
  status = running;
  expect((await ask("/readyz")).status).toBe(200);
});

test("queues that somebody should look at are named by hash, code and step, and fail nothing", async () => {
  const queues: QueueStatus[] = [
    well,
    {
      ...well,
      address: "sales@contoso.com",
      state: "waiting-for-sign-in",
      why: "AUTH_SIGN_IN_REQUIRED: sales@contoso.com has not been signed in.",
      remedy: "Sign sales@contoso.com in.",
      who: "user",
      step: "sign-in",
    },
    { ...well, address: "slow@contoso.com", late: true },
  ];
  const { ask } = await opened({ status: () => ({ state: "running", queues }) });
  const ready = await ask("/readyz");
  expect(ready.status).toBe(200);
  expect(ready.text).not.toMatch(/support@|sales@|slow@/);
  expect(ready.json()).toMatchObject({
    queues: { total: 3, states: { idle: 2, "waiting-for-sign-in": 1 }, stale: 0, late: 1 },
    attention: [
      {
        queue: expect.stringMatching(/^[\w-]{16}@contoso\.com$/),
        state: "waiting-for-sign-in",
        code: "AUTH_SIGN_IN_REQUIRED",
        step: "sign-in",
      },
      { state: "idle", late: true },
    ],
  });
});

test("thousands of queues in need make no endless answer", async () => {
  const queues = Array.from({ length: 5_000 }, (_, at): QueueStatus => ({ ...well, address: `q${at}@contoso.com`, stale: true }));
  const { ask } = await opened({ status: () => ({ state: "running", queues }) });
  const { queues: counts, attention } = (await ask("/readyz")).json() as { queues: object; attention: object[] };
  expect([counts, attention.length]).toMatchObject([{ total: 5_000, stale: 5_000 }, 100]);
});

test("/metrics gives the text as Prometheus wants it, and is not there without one", async () => {
  const { ask } = await opened({ prometheus: { text: async () => "up 1\n" } });
  expect(await ask("/metrics?x=1")).toMatchObject({ status: 200, type: "text/plain; version=0.0.4; charset=utf-8", text: "up 1\n" });
  expect((await (await opened()).ask("/metrics")).status).toBe(404);
});

test("what fails inside is a 500 that tells nothing", async () => {
  const { ask } = await opened({ prometheus: { text: () => Promise.reject(new Error("support@contoso.com broke it")) } });
  expect(await ask("/metrics")).toMatchObject({ status: 500, text: "Internal Server Error\n" });
});

test("nothing else is there, nothing can be posted, and HEAD has no body", async () => {
  const { ask } = await opened();
  expect((await ask("/")).status).toBe(404);
  expect((await ask("/healthz/x")).status).toBe(404);
  expect((await ask("/healthz", { method: "POST" })).status).toBe(405);
  expect(await ask("/healthz", { method: "HEAD" })).toMatchObject({ status: 200, text: "" });
});

test("on loopback only this machine's own names are answered to", async () => {
  const { ask, port } = await opened();
  for (const host of ["evil.example", `evil.example:${port}`, "127.0.0.1", "localhost:1"]) {
    expect((await ask("/healthz", { host })).status).toBe(421);
  }
  for (const host of [`localhost:${port}`, `127.0.0.1:${port}`, `LOCALHOST:${port}`]) {
    expect((await ask("/healthz", { host })).status).toBe(200);
  }
});

test("a port that is taken is an error of the configuration, and a closed endpoint has let go of its own", async () => {
  const { endpoint, port, ask } = await opened();
  const error = await rejected(openHttpEndpoint({ daemon: { status: () => running }, port: Number(port) }));
  expect(error).toMatchObject({ code: "CONFIG_INVALID", message: expect.stringContaining("EADDRINUSE"), remedy: expect.any(String) });
  await endpoint.close();
  await expect(ask("/healthz")).rejects.toThrow(/ECONNREFUSED/);
});
