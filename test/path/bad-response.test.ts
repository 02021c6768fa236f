/** Answers of Graph that are no answers: the round is abandoned, the cursor stays, the queue tries again, no token leaves. */
import { expect, test } from "vitest";
import type { Fault } from "../../simulator/index.js";
import type { DaemonEvents } from "../../src/daemon/events.js";
import { address, hostOptions, next, signedIn, simulatorWith } from "../support/host.js";

const foreign = "https://graph.microsoft.com.evil.example/v1.0/me/messages";
const cases: readonly (Omit<Fault, "name" | "route" | "count"> & { readonly what: string })[] = [
  { what: "HTML with status 200", status: 200, body: "<html>proxy login</html>" },
  { what: "an empty answer with status 200", status: 200, body: "" },
  { what: "a truncated answer", truncate: 40 },
  { what: "raw control characters in JSON", status: 200, body: '{"value":[{"id":"a","subject":"bell \u0007 and \u0000"}]}' },
  { what: "an answer without `value`", status: 200, body: { "@odata.deltaLink": "https://graph.microsoft.com/v1.0/x" } },
  { what: "a `value` that is no list", status: 200, body: { value: {}, "@odata.deltaLink": "https://graph.microsoft.com/v1.0/x" } },
  {
    what: "an item without an id",
    status: 200,
    body: { value: [{ subject: "?" }], "@odata.deltaLink": "https://graph.microsoft.com/v1.0/x" },
  },
  { what: "a page without any link", status: 200, body: { value: [] } },
  {
    what: "a page with both links",
    status: 200,
    body: { value: [], "@odata.nextLink": "https://graph.microsoft.com/a", "@odata.deltaLink": "https://graph.microsoft.com/b" },
  },
  { what: "a nextLink to a foreign host", status: 200, body: { value: [], "@odata.nextLink": foreign } },
  { what: "a deltaLink to a foreign host", status: 200, body: { value: [], "@odata.deltaLink": foreign } },
  { what: "a link with another scheme", status: 200, body: { value: [], "@odata.nextLink": "http://graph.microsoft.com/v1.0/me" } },
  { what: "a link with another port", status: 200, body: { value: [], "@odata.nextLink": "https://graph.microsoft.com:8443/v1.0/me" } },
  {
    what: "a link with a user in front of the host",
    status: 200,
    body: { value: [], "@odata.nextLink": "https://graph.microsoft.com@evil.example/" },
  },
];

test.each(cases)("$what fails the round as GRAPH_BAD_RESPONSE, and the next round brings the mail", async ({ what: _, ...fault }) => {
  const sim = simulatorWith();
  const hosts = new Set<string>();
  const fetch: typeof globalThis.fetch = (input, init) => {
    hosts.add(new URL(String(input)).host);
    return sim.fetch(input, init);
  };
  const seen: string[] = [];
  const daemon = await signedIn(sim, hostOptions(sim, { fetch, handler: ({ message }) => void seen.push(message.subject) }));
  sim.user(address).mailbox.deliver({ subject: "still here" });
  sim.faults.add({ name: "bad", route: "delta", count: 1, ...fault });
  const failed = next(daemon, "queue:failed");
  const marked = next(daemon, "message:marked");
  await daemon.start();
  expect(await failed).toMatchObject({ queue: address, code: "GRAPH_BAD_RESPONSE", failures: 1 });
  await daemon.pollNow(address);
  await marked;
  await daemon.stop();
  expect(seen).toEqual(["still here"]);
  expect([...hosts].toSorted()).toEqual(["graph.microsoft.com", "login.microsoftonline.com"]);
});

test("a redirect to a foreign host is not followed, and the token does not go there", async () => {
  const sim = simulatorWith();
  const daemon = await signedIn(sim, hostOptions(sim));
  sim.faults.add({ name: "redirect", route: "delta", count: 1, status: 302, headers: { location: foreign }, body: "" });
  const failed: DaemonEvents["queue:failed"][] = [];
  daemon.on("queue:failed", (event) => failed.push(event));
  const first = next(daemon, "queue:failed");
  await daemon.start();
  await first;
  await daemon.pollNow(address);
  await daemon.stop();
  expect(failed.map(({ code }) => code)).toEqual(["GRAPH_REFUSED"]);
});

test("a page in the middle of a round that is broken leaves the cursor at the page before: nothing is asked twice, nothing is lost", async () => {
  const sim = simulatorWith([address], { quirks: { emptyPages: false, replays: false } });
  const ids = sim.user(address).mailbox.deliverMany(Array.from({ length: 25 }, (_, index) => ({ subject: `mail ${index}` })));
  const seen: string[] = [];
  const options = hostOptions(sim, {
    handler: ({ message }) => void seen.push(message.id),
    defaults: { startFrom: "everything", pageSize: 10, pollIntervalMs: 60_000 },
  });
  const daemon = await signedIn(sim, options);
  sim.faults.add({ name: "bad", route: "delta", after: 1, count: 1, truncate: 100 });
  const failed = next(daemon, "queue:failed");
  await daemon.start();
  await failed;
  await daemon.pollNow(address);
  await daemon.stop();
  expect(seen.toSorted()).toEqual(ids.toSorted());
  const pages = sim.log.entries({ route: "delta" }).map((entry) => entry.ids?.length ?? 0);
  // 10, then the broken one, then the rest from where the first page ended.
  expect(pages.filter((count) => count > 0).reduce((sum, count) => sum + count)).toBeLessThanOrEqual(35);
});
