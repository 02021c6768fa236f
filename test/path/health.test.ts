/** A daemon's health and metrics over real sockets, while its store fails and comes back. */
import { expect, onTestFinished, test } from "vitest";
import { simulatorFetch } from "../../simulator/index.js";
import { MailError } from "../../src/base/errors.js";
import { openHttpEndpoint } from "../../src/cli/http-endpoint.js";
import { openPrometheus } from "../../src/cli/prometheus.js";
import { memoryStore } from "../../src/index.js";
import { address, hostOptions, many, next, signedIn, simulatorWith } from "../support/host.js";
import { familiesOf } from "../support/prometheus.js";
import { troubledStore } from "../support/troubled-store.js";

async function scene() {
  const sim = simulatorWith();
  const door = await sim.listen();
  onTestFinished(() => door.close());
  const store = troubledStore(memoryStore());
  const prometheus = await openPrometheus();
  onTestFinished(() => prometheus.close());
  const daemon = await signedIn(sim, hostOptions(sim, { fetch: simulatorFetch(door.url), store, metrics: prometheus.metrics }));
  onTestFinished(() => daemon.stop({ deadlineMs: 0 }).catch(() => undefined));
  const endpoint = await openHttpEndpoint({ daemon, port: 0, prometheus });
  onTestFinished(() => endpoint.close());
  const ask = async (path: string) => {
    const answer = await fetch(`${endpoint.url}${path}`, { headers: { connection: "close" } });
    return { status: answer.status, text: await answer.text() };
  };
  return { sim, store, daemon, ask, statuses: async () => [(await ask("/healthz")).status, (await ask("/readyz")).status] };
}

test("a daemon is alive before it is ready, ready while it runs, and neither after it has stopped", async () => {
  const { daemon, statuses } = await scene();
  expect(await statuses()).toEqual([200, 503]);
  await daemon.start();
  expect(await statuses()).toEqual([200, 200]);
  await daemon.stop();
  expect(await statuses()).toEqual([503, 503]);
});

test("while the store takes nothing both fail by its code, without an address; when it works again both are well", async () => {
  const { sim, store, daemon, ask, statuses } = await scene();
  await daemon.start();
  const unavailable = next(daemon, "store:unavailable");
  store.refuse = () => new MailError("STORE_UNAVAILABLE", "The disk is full.");
  sim.user(address).mailbox.deliver();
  await unavailable;
  expect(await statuses()).toEqual([503, 503]);
  const { text } = await ask("/readyz");
  expect(JSON.parse(text)).toMatchObject({ status: "failing", problems: [{ code: "STORE_UNAVAILABLE" }] });
  expect(text).not.toContain("support@");
  expect((await ask("/metrics")).text).toMatch(/^mail_daemon_store_unavailable 1$/m);
  const recovered = next(daemon, "store:recovered");
  store.refuse = undefined;
  await recovered;
  expect(await statuses()).toEqual([200, 200]);
});

test("what is scraped over the socket is Prometheus' text, with what was settled", async () => {
  const { sim, daemon, ask } = await scene();
  const settled = many(daemon, "message:settled", 3);
  sim.user(address).mailbox.deliverMany([{}, {}, {}]);
  await daemon.start();
  await settled;
  const { status, text } = await ask("/metrics");
  expect(status).toBe(200);
  const family = familiesOf(text).find(({ name }) => name === "mail_daemon_delivery_ended_total");
  expect(family).toMatchObject({ type: "COUNTER", samples: [{ value: 3, labels: { mail_daemon_outcome: "settled" } }] });
});
