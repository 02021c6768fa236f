import { expect, it } from "vitest";
import { type CloudName, clouds } from "../../../src/base/cloud.js";
import { createHttp } from "../../../src/base/http.js";
import { createManualClock } from "../../support/manual-clock.js";
import { rejected } from "../../support/rejection.js";

const names = Object.keys(clouds) as CloudName[];
const pairs = names.flatMap((ours) => names.filter((theirs) => theirs !== ours).map((theirs) => [ours, theirs] as const));

it.each(pairs)("a token of %s is never sent to the Graph of %s", async (ours, theirs) => {
  const sent: string[] = [];
  const fetch = async (input: unknown) => {
    sent.push(String(input));
    return new Response("{}");
  };
  const http = createHttp({ service: "GRAPH", hosts: [clouds[ours].graphHost], deadlineMs: 1_000, fetch, clock: createManualClock() });
  const request = (graphHost: string) =>
    http({ method: "GET", url: `https://${graphHost}/v1.0/me`, headers: { Authorization: "Bearer t" } });
  await rejected(request(clouds[theirs].graphHost));
  expect(sent).toEqual([]);
  await request(clouds[ours].graphHost);
  expect(sent).toEqual([`https://${clouds[ours].graphHost}/v1.0/me`]);
});

it("hosts are written as URLs give them: lower case, without scheme and port", () => {
  for (const { authorityHost, graphHost } of Object.values(clouds)) {
    expect(new URL(`https://${authorityHost}/`).host).toBe(authorityHost);
    expect(new URL(`https://${graphHost}/`).host).toBe(graphHost);
  }
});
