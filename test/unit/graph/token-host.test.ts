/** Bearer tokens go to the Graph host of their own cloud and nowhere else, whatever link, redirect or challenge Graph gives. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CloudName, clouds } from "../../../src/base/cloud.js";
import { createHttp, type Fetch } from "../../../src/base/http.js";
import { sendBatch } from "../../../src/graph/batch.js";
import { createGraphClient, type MailboxAccess } from "../../../src/graph/client.js";
import { createGate } from "../../../src/graph/gate.js";
import { parsePage } from "../../../src/graph/wire.js";
import { fixedTokens } from "../../support/fixed-tokens.js";
import { wideGovernor } from "../../support/governance.js";
import { createManualClock } from "../../support/manual-clock.js";
import { rejected } from "../../support/rejection.js";
import { queue } from "./set-up.js";

const secret = "eyJ0b2tlbg";
const names = Object.keys(clouds) as CloudName[];

/** A client of that cloud, and where its requests went: the host that `fetch` would really ask, and the token given it. */
function inCloud(name: CloudName, answer: () => Response = () => Response.json({ value: [] })) {
  const { graphHost } = clouds[name];
  const clock = createManualClock();
  const sent: { readonly origin: string; readonly token: string | null; readonly redirect: RequestInit["redirect"] }[] = [];
  const fetch: Fetch = async (input, init) => {
    const { url, headers } = new Request(input, init);
    sent.push({ origin: new URL(url).origin, token: headers.get("authorization"), redirect: init?.redirect });
    return answer();
  };
  const http = createHttp({ service: "GRAPH", hosts: [graphHost], deadlineMs: 100_000, fetch, clock });
  const client = createGraphClient({ http, graphHost, clock });
  const mailbox: MailboxAccess = {
    queue,
    root: "/me",
    tokens: fixedTokens(secret),
    gate: createGate({ clock, queue, width: 4, governor: wideGovernor(clock) }),
    counter: { requests: 0, parts: 0 },
  };
  const get = (target: string) => client.call(mailbox, { method: "GET", target, what: "a page" });
  return { graphHost, client, mailbox, sent, get, origin: `https://${graphHost}` };
}

const hosts = names.flatMap((name) => [clouds[name].graphHost, clouds[name].authorityHost]);
/** Links that lead to a host of a cloud, to one that only looks like it, or anywhere. */
const link = fc.oneof(
  fc.webUrl({ withQueryParameters: true }),
  fc
    .record({
      scheme: fc.constantFrom("https:", "HTTPS:", "http:", "ftp:", "javascript:", ""),
      slashes: fc.constantFrom("//", "/", "\\\\", "", "///"),
      user: fc.constantFrom("", "", "", "user@", `${hosts[0]}@`, "a:b@"),
      host: fc.constantFrom(...hosts, "evil.example", "localhost", "127.0.0.1"),
      tail: fc.constantFrom(
        "",
        "",
        "",
        ".",
        ":443",
        ":8443",
        ".evil.example",
        "%2eevil.example",
        "\t.evil.example",
        "@evil.example",
        "\\@evil.example",
      ),
      path: fc.constantFrom("/v1.0/me", "", "?x=1", "#x", "/../..//evil.example/", "/v1.0/me?next=https://evil.example/"),
    })
    .map(({ scheme, slashes, user, host, tail, path }) => `${scheme}${slashes}${user}${host}${tail}${path}`),
);

describe.each(names)("in the cloud %s, the token", (name) => {
  it("goes to that cloud's Graph host, where a link of its own leads", async () => {
    const { get, sent, origin } = inCloud(name);
    await get("/me/messages");
    await get(`${origin}/v1.0/me/messages?$skiptoken=x`);
    expect(sent).toEqual(Array(2).fill({ origin, token: `Bearer ${secret}`, redirect: "manual" }));
  });

  it.each(names.filter((other) => other !== name))("does not go to the Graph host of %s, nor to where anybody signs in", async (other) => {
    const { get, sent } = inCloud(name);
    for (const host of [clouds[other].graphHost, clouds[other].authorityHost, clouds[name].authorityHost]) {
      const error = await rejected(get(`https://${host}/v1.0/me`), { secrets: [secret] });
      expect(error.code).toBe("GRAPH_BAD_RESPONSE");
    }
    expect(sent).toEqual([]);
  });

  it("goes nowhere else with any link", async () => {
    const { get, sent, origin } = inCloud(name);
    await fc.assert(
      fc.asyncProperty(link, async (target) => {
        await get(target).catch(() => undefined);
      }),
      { numRuns: 500 },
    );
    expect(new Set(sent.map((request) => request.origin))).toEqual(new Set([origin]));
  });

  it("goes nowhere else with any link of a page that was taken for good", () => {
    const { graphHost, origin } = inCloud(name);
    const taken: string[] = [];
    fc.assert(
      fc.property(link, fc.constantFrom("@odata.nextLink", "@odata.deltaLink"), (target, property) => {
        try {
          const { link: found } = parsePage(JSON.stringify({ value: [], [property]: target }), { graphHost, delta: true });
          taken.push(new URL(found?.url ?? "").origin);
        } catch {
          // Refused: no request is made of it.
        }
      }),
      { numRuns: 2_000 },
    );
    expect(new Set(taken)).toEqual(new Set([origin]));
  });

  it.each([301, 302, 303, 307, 308])("does not follow a %i, of a call or of a batch", async (status) => {
    const location = `https://${name === "global" ? "graph.microsoft.us" : "graph.microsoft.com"}/v1.0/me`;
    const { get, client, mailbox, sent, origin } = inCloud(name, () => new Response(null, { status, headers: { location } }));
    expect((await rejected(get("/me"), { secrets: [secret] })).code).toBe("GRAPH_REFUSED");
    const parts = [{ id: "1", method: "GET", path: "/me", prefer: "" }] as const;
    await rejected(sendBatch(client, mailbox, { parts, what: "reading messages" }), { secrets: [secret] });
    expect(sent.map((request) => request.origin)).toEqual([origin, origin]);
  });

  it.each(["Location", "Content-Location"])("does not follow a %s of a refusal, with which Graph starts a round anew", async (header) => {
    const answer = () =>
      Response.json({ error: { code: "resyncRequired" } }, { status: 410, headers: { [header]: "https://evil.example/" } });
    const { get, sent, origin } = inCloud(name, answer);
    expect((await rejected(get("/me"), { secrets: [secret] })).code).toBe("SYNC_CURSOR_LOST");
    expect(sent.map((request) => request.origin)).toEqual([origin]);
  });

  it("does not go to the address in a challenge", async () => {
    const claims = Buffer.from('{"a":1}').toString("base64");
    const challenge = `Bearer authorization_uri=https://evil.example/authorize, error="insufficient_claims", claims="${claims}"`;
    const { get, sent, origin } = inCloud(name, () => new Response("", { status: 401, headers: { "www-authenticate": challenge } }));
    expect((await rejected(get("/me"), { secrets: [secret] })).code).toBe("GRAPH_UNAUTHORIZED");
    expect(sent.map((request) => request.origin)).toEqual([origin, origin]);
  });
});
