/** Example bodies as Microsoft published them, where a folder of them lies beside the project; they are not part of it. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { MailErrorCode } from "../../../src/base/errors.js";
import { challengedClaims } from "../../../src/graph/challenge.js";
import { refusalError } from "../../../src/graph/refusal.js";
import { encodeBatch, type Json, type JsonObject, parseBatch, parsePage } from "../../../src/graph/wire.js";
import { receivedTime, toMailMessage } from "../../../src/mailbox/message.js";
import { goldenExample, goldenExamples, goldenFolder, goldenIsThere } from "../../support/golden.js";

const present = goldenIsThere;
const read = goldenExample;
const named = goldenExamples;
const graphHost = "graph.microsoft.com";

describe.skipIf(!present)("a published example", () => {
  it("of each kind is there", () => {
    expect([/^delta-messages-/, /^message-get-/, /^json-batching-/].map((kind) => named(kind).length > 1)).toEqual([true, true, true]);
  });

  it.each(named(/^delta-messages-/))("of a delta page parses with all its items and its link: %s", (_, body) => {
    const page = parsePage(JSON.stringify(body), { graphHost, delta: true });
    expect(page.items.map(({ id }) => id)).toEqual((body.value as JsonObject[]).map(({ id }) => id));
    expect(page.items.map(({ removed }) => removed)).toEqual((body.value as JsonObject[]).map((item) => "@removed" in item));
    const [kind, url] = body["@odata.nextLink"] === undefined ? ["delta", body["@odata.deltaLink"]] : ["next", body["@odata.nextLink"]];
    expect(page.link).toEqual({ kind, url });
  });

  it.each(named(/^message-delta-ref-/))("of a delta page with placeholders instead of ids is refused: %s", (_, body) => {
    expect(() => parsePage(JSON.stringify(body), { graphHost, delta: true })).toThrow("an item that has no id");
  });

  it.each(named(/^user-list-messages-/))("of a plain listing parses: %s", (_, body) => {
    const page = parsePage(JSON.stringify(body), { graphHost, delta: false });
    expect(page.items).toHaveLength((body.value as Json[]).length);
  });

  it.each(named(/^message-(get|move)-/).filter(([, body]) => "id" in body))("of a message becomes a mail: %s", (_, body) => {
    const mail = toMailMessage(String(body.id), body, { folder: "inbox", receivedAt: 0 });
    expect(mail.subject).toBe(body.subject ?? "");
    expect(mail.receivedAt.getTime()).toBe(receivedTime(body) ?? 0);
    expect(mail.to.map(({ address }) => address)).toEqual(
      ((body.toRecipients ?? []) as JsonObject[]).map((to) => (to.emailAddress as JsonObject).address),
    );
    expect(mail.headers).toEqual(body.internetMessageHeaders ?? []);
    expect(mail.body?.content).toBe((body.body as JsonObject | undefined)?.content);
    expect(mail.isRead).toBe(String(body.isRead) === "true");
  });

  it.each(named(/^json-batching-/).filter(([, body]) => "responses" in body))("of a batch's answer parses: %s", (_, body) => {
    const answers = parseBatch(JSON.stringify(body));
    expect(answers.map(({ id, status }) => ({ id, status }))).toEqual(
      (body.responses as JsonObject[]).map(({ id, status }) => ({ id, status })),
    );
  });

  it("of a batch's request has the fields that ours have", () => {
    const part = { id: "1", method: "PATCH", path: "/me/x", prefer: "p", body: {} } as const;
    const ours = (encodeBatch([part]).requests as JsonObject[])[0] as JsonObject;
    const theirs = (read("json-batching-2021-02").body!.requests as JsonObject[]).find((request) => "body" in request) as JsonObject;
    expect(Object.keys(theirs).toSorted()).toEqual(Object.keys(ours).toSorted());
  });

  it("of a throttled answer is read with its time and its code, not with the number below it", () => {
    const { http, body } = read("throttling-01");
    const retryAfter = /Retry-After: (\S+)/.exec(http ?? "")?.[1];
    const error = refusalError({ status: 429, retryAfter, body, what: "x", queue: "q", now: 0 });
    expect(error).toMatchObject({ code: "GRAPH_THROTTLED", serviceCode: "TooManyRequests", notBeforeAt: 2_128 });
  });

  const meanings: Readonly<Record<string, MailErrorCode>> = {
    "delta-410-syncstatenotfound": "SYNC_CURSOR_LOST",
    "delta-403-mailbox-full": "GRAPH_FORBIDDEN",
    "delta-400-bad-filter": "GRAPH_REFUSED",
    "delta-400-not-folder-scoped": "GRAPH_REFUSED",
    "delta-503-directory": "GRAPH_UNAVAILABLE",
    "throttle-429-mailbox-concurrency": "GRAPH_THROTTLED",
    "patch-412-conflict": "GRAPH_CONFLICT",
    "mailbox-503-stale": "GRAPH_UNAVAILABLE",
    "mailbox-404-not-enabled": "GRAPH_MAILBOX_UNAVAILABLE",
    "mailbox-404-resource-not-found": "GRAPH_MAILBOX_UNAVAILABLE",
    "gateway-504-unknownerror": "GRAPH_UNAVAILABLE",
    "item-404": "GRAPH_NOT_FOUND",
    "delete-403-immutable-id-gone": "GRAPH_NOT_FOUND",
    "id-400-malformed": "GRAPH_REFUSED",
    "quarantine-500": "GRAPH_UNAVAILABLE",
    "access-403": "GRAPH_FORBIDDEN",
    "invalid-user-404": "GRAPH_MAILBOX_UNAVAILABLE",
    "token-401-expired": "GRAPH_UNAUTHORIZED",
    "batch-400-too-many": "GRAPH_REFUSED",
  };

  it.each(Object.entries(meanings))("of a refusal reported from the field, %s, is %s", (name, code) => {
    const all = JSON.parse(readFileSync(new URL("reported-error-bodies.json", goldenFolder), "utf8")) as {
      name: string;
      status: number;
      body: Json;
    }[];
    const { status, body } = all.find((one) => one.name === name)!;
    expect(refusalError({ status, retryAfter: null, body, what: "x", queue: "q", now: 0 }).code).toBe(code);
  });

  it("of a claims challenge gives its claims, with unquoted parameters and free text around them too", () => {
    const all = JSON.parse(readFileSync(new URL("entra-token-and-cae.json", goldenFolder), "utf8")) as {
      headers?: Record<string, string>;
    }[];
    const challenges = all.flatMap(({ headers }) => headers?.["WWW-Authenticate"] ?? []);
    const claims = challenges.map((header) => JSON.parse(challengedClaims(header) ?? "null") as unknown);
    expect(claims).toEqual([
      { access_token: { nbf: { essential: true, value: "1604106651" } } },
      { access_token: { acrs: { essential: true, value: "cp1" } } },
      { access_token: { nbf: { essential: true, value: "1657834417" } } },
    ]);
  });
});
