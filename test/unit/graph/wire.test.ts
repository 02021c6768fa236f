import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MailError } from "../../../src/base/errors.js";
import { encodeBatch, errorCodes, isObject, parseBatch, parseObject, parsePage, versionOf } from "../../../src/graph/wire.js";
import { leaks } from "../../support/rejection.js";

const graphHost = "graph.microsoft.com";
const delta = { graphHost, delta: true };
const deltaLink = "https://graph.microsoft.com/v1.0/me/mailFolders('AAA')/messages/delta?$deltatoken=x%2By=='&z";

function refusal(read: () => unknown): MailError {
  try {
    read();
  } catch (error) {
    expect(error).toBeInstanceOf(MailError);
    expect(error).toMatchObject({ code: "GRAPH_BAD_RESPONSE" });
    return error as MailError;
  }
  throw new Error("Expected a refusal.");
}

/** Every character below the space. */
const controls = String.fromCharCode(...Array.from({ length: 32 }, (_, code) => code));

const page = (body: object) => JSON.stringify({ value: [], ...body });

describe("an answer's text", () => {
  it.each([
    ["is empty", ""],
    ["is only space", "  "],
    ["is HTML", "<html>Sign in to the proxy</html>"],
    ["is cut off", '{"value":[{"id":"1","subject":"He'],
    ["holds raw control characters between its strings", '{"value":[{"id":"1",\u0001"subject":"ab"}]}'],
    ["holds raw control characters and is cut off", '{"value":[{"id":"1","subject":"a\u0001b'],
    ["is a list", "[]"],
    ["is a text", '"x"'],
    ["is a number", "7"],
    ["is null", "null"],
  ])("that %s is refused", (_, text) => {
    refusal(() => parseObject(text, "a page"));
    refusal(() => parsePage(text, delta));
    refusal(() => parseBatch(text));
  });

  it.each([
    ["a control character", '"a\u0001b"', "a\u0001b"],
    ["each of them", JSON.stringify(controls).replaceAll(/\\(u00..|[bfnrt])/g, (text) => JSON.parse(`"${text}"`) as string), controls],
    ["line ends of a body", '"<p>\r\n\t</p>"', "<p>\r\n\t</p>"],
    ["one after quotes and backslashes", '"say \\"x\\" \\\\\u0002, C:\\\\"', 'say "x" \\\u0002, C:\\'],
    ["one after a lone backslash", '"a\\\nb"', "a\\u000ab"],
    ["one beside letters beyond the plane", '"\u{1f600}\u0000\u{1f600}"', "\u{1f600}\u0000\u{1f600}"],
  ])("with %s raw in a string is read, and keeps it", (_, raw, subject) => {
    const text = `{"value":\r\n\t[{"id":"1","subject":${raw}}],"@odata.deltaLink":"${deltaLink}"}`;
    expect(() => JSON.parse(text) as unknown).toThrow();
    expect(parsePage(text, delta).items.map(({ properties }) => properties)).toEqual([{ id: "1", subject }]);
    const batch = `{"responses":[{"id":"1","status":200,"body":{"subject":${raw}}},{"id":"2","status":200,"body":{}}]}`;
    expect(parseBatch(batch).map(({ id, body }) => [id, body])).toEqual([
      ["1", { subject }],
      ["2", {}],
    ]);
  });

  it("with megabytes of raw control characters is read", () => {
    const content = "line\n".repeat(500_000);
    expect(parseObject(`{"content":"${content}"}`, "a page")).toEqual({ content });
  });

  it("is not quoted in the error: it is mail", () => {
    const error = refusal(() => parseObject('{"subject":"My diagnosis is secret', "a page"));
    expect(leaks(error, ["diagnosis", "subject"])).toEqual([]);
    expect(error.message).toContain("34 characters");
    expect(error.message).toContain("a page");
  });
});

describe("a page", () => {
  it("gives items and the kind of link by its property's name, not by its query", () => {
    const next = "https://graph.microsoft.com/v1.0/x?$deltatoken=1";
    const end = "https://graph.microsoft.com/v1.0/x?$skiptoken=1";
    expect(parsePage(page({ "@odata.nextLink": next }), delta).link).toEqual({ kind: "next", url: next });
    expect(parsePage(page({ "@odata.deltaLink": end }), delta).link).toEqual({ kind: "delta", url: end });
  });

  it("may be empty and go on", () => {
    expect(parsePage(page({ "@odata.nextLink": deltaLink }), delta)).toEqual({ items: [], link: { kind: "next", url: deltaLink } });
  });

  it("keeps an absent property apart from null", () => {
    const text = '{"value":[{"id":"1","subject":null}],"@odata.deltaLink":"https://graph.microsoft.com/v1.0/x"}';
    const [item] = parsePage(text, delta).items;
    expect(item?.properties.subject).toBeNull();
    expect(item && "isRead" in item.properties).toBe(false);
  });

  it.each([
    ["deleted", { reason: "deleted" }],
    ["changed", { reason: "changed" }],
    ["no reason", {}],
    ["nothing at all", null],
  ])("marks an item that left with %s as removed", (_, mark) => {
    const body = { value: [{ id: "1", "@removed": mark }, { id: "2" }], "@odata.deltaLink": deltaLink };
    expect(parsePage(JSON.stringify(body), delta).items.map(({ id, removed }) => [id, removed])).toEqual([
      ["1", true],
      ["2", false],
    ]);
  });

  it("keeps the items' order and what comes twice", () => {
    const body = { value: [{ id: "b" }, { id: "a" }, { id: "b" }], "@odata.deltaLink": deltaLink };
    expect(parsePage(JSON.stringify(body), delta).items.map(({ id }) => id)).toEqual(["b", "a", "b"]);
  });

  it.each([
    ["has no value", { value: undefined, "@odata.deltaLink": deltaLink }],
    ["has a value that is no list", { value: { id: "1" }, "@odata.deltaLink": deltaLink }],
    ["has an item without an id", { value: [{ subject: "x" }], "@odata.deltaLink": deltaLink }],
    ["has an item with an empty id", { value: [{ id: "" }], "@odata.deltaLink": deltaLink }],
    ["has an item whose id is a number", { value: [{ id: 7 }], "@odata.deltaLink": deltaLink }],
    ["has an item that is null", { value: [null], "@odata.deltaLink": deltaLink }],
    ["has both links", { "@odata.nextLink": deltaLink, "@odata.deltaLink": deltaLink }],
    ["has no link", {}],
  ])("that %s is refused", (_, body) => {
    refusal(() => parsePage(page(body), delta));
  });

  it("of a plain listing may have no link: it is the last", () => {
    expect(parsePage(page({}), { graphHost, delta: false })).toEqual({ items: [] });
  });
});

describe("a link", () => {
  const links = [
    ["to a foreign host", "https://evil.example/v1.0/me"],
    ["to a host that begins like ours", "https://graph.microsoft.com.evil.example/"],
    ["to another cloud", "https://graph.microsoft.us/v1.0/me"],
    ["to another port", "https://graph.microsoft.com:8443/v1.0/me"],
    ["in clear text", "http://graph.microsoft.com/v1.0/me"],
    ["with a user before the host", "https://graph.microsoft.com@evil.example/"],
    ["with a user", "https://me@graph.microsoft.com/v1.0/me"],
    ["with a password alone", "https://:secret@graph.microsoft.com/v1.0/me"],
    ["with an empty user segment", "https://graph.microsoft.com/v1.0/users//mailFolders/x/messages/delta"],
    ["that is relative", "/v1.0/me/messages/delta"],
    ["that is empty", ""],
    ["that is a number", 7],
    ["that is null", null],
    ["that is an object", { href: deltaLink }],
  ] as const;

  it.each(links)("%s is not followed", (_, url) => {
    for (const name of ["@odata.nextLink", "@odata.deltaLink"]) {
      const error = refusal(() => parsePage(page({ [name]: url }), delta));
      expect(leaks(error, ["secret", "evil.example/v1.0"])).toEqual([]);
    }
  });

  it.each([
    [deltaLink],
    [
      "https://graph.microsoft.com/v1.0/users('a%40b.example')/mailFolders/AAA/messages/microsoft.graph.delta()?$skiptoken=%7b%22a%22%3a1%7d",
    ],
    ["https://GRAPH.microsoft.com/v1.0/me/messages/delta?$skiptoken=A b"],
    ["HTTPS://graph.microsoft.com/v1.0/me"],
    ["https://graph.microsoft.com:443/v1.0/me"],
  ])("to our host passes unchanged: %s", (url) => {
    expect(parsePage(page({ "@odata.nextLink": url }), delta).link?.url).toBe(url);
  });
});

describe("the codes of a refusal", () => {
  it.each([
    ["none", undefined, []],
    ["none of a body without an error", {}, []],
    ["none of an error that is a text", { error: "insufficient_claims" }, []],
    ["none of empty ones", { error: { code: "", message: "x" } }, []],
    ["none that are no text", { error: { code: 404 } }, []],
    ["the outer one", { error: { code: "A" } }, ["A"]],
    ["outer and inner", { error: { code: "A", innerError: { code: "B", innererror: { code: "C" } } } }, ["A", "B", "C"]],
    ["what lies below one without", { error: { code: "A", innererror: { date: "x", innerError: { code: "C" } } } }, ["A", "C"]],
    ["what lies below null", { error: { code: "A", innerError: null, innererror: { code: "B" } } }, ["A", "B"]],
  ])("are %s", (_, body, codes) => {
    expect(errorCodes(body as never)).toEqual(codes);
  });

  it("end at a depth that nobody needs, so that a bottomless body is no trouble", () => {
    let body: object = { code: "deepest" };
    for (let depth = 0; depth < 10_000; depth += 1) body = { innerError: body };
    expect(errorCodes({ error: body } as never)).toEqual([]);
  });
});

describe("a batch", () => {
  it("is written with the preference in each part, and a type where there is a body", () => {
    const parts = [
      { id: "1", method: "GET", path: "/me/messages/a%2Fb%2B%3D?$select=id", prefer: 'IdType="ImmutableId"' },
      { id: "2", method: "PATCH", path: "/me/messages/c", prefer: "p", body: { isRead: true } },
    ] as const;
    expect(encodeBatch(parts)).toEqual({
      requests: [
        { id: "1", method: "GET", url: "/me/messages/a%2Fb%2B%3D?$select=id", headers: { Prefer: 'IdType="ImmutableId"' } },
        {
          id: "2",
          method: "PATCH",
          url: "/me/messages/c",
          headers: { Prefer: "p", "Content-Type": "application/json" },
          body: { isRead: true },
        },
      ],
    });
  });

  it("is written with the version that a part is meant for", () => {
    const item = { id: "1", "@odata.etag": 'W/"CQ=="' };
    const part = { id: "1", method: "PATCH", path: "/x", prefer: "p", body: {}, ifMatch: versionOf(item) ?? "" } as const;
    expect(encodeBatch([part])).toMatchObject({ requests: [{ headers: { "If-Match": 'W/"CQ=="' } }] });
    expect([versionOf({ id: "1" }), versionOf({ "@odata.etag": 5 })]).toEqual([undefined, undefined]);
  });

  it("is read with header names in lower case, and a body where there is one", () => {
    const text = JSON.stringify({
      responses: [
        { id: "2", status: 429, headers: { "RETRY-After": 7, "X-Other": null } },
        { id: "1", status: 200, body: { id: "m" } },
      ],
    });
    const [second, first] = parseBatch(text);
    expect(second).toMatchObject({ id: "2", status: 429, body: undefined });
    expect(second?.header("retry-after")).toBe("7");
    expect(first).toMatchObject({ id: "1", status: 200, body: { id: "m" } });
    expect(first?.header("retry-after")).toBeUndefined();
  });

  it.each([
    ["no responses", {}],
    ["responses that are no list", { responses: {} }],
    ["a part without id", { responses: [{ status: 200 }] }],
    ["a part without status", { responses: [{ id: "1" }] }],
    ["a status that is a text", { responses: [{ id: "1", status: "200" }] }],
    ["a part that is null", { responses: [null] }],
  ])("with %s is refused", (_, body) => {
    refusal(() => parseBatch(JSON.stringify(body)));
  });
});

describe("whatever comes", () => {
  const text = fc.oneof(
    fc.string(),
    fc.json(),
    fc.json({ maxDepth: 3 }).map((json) => `{"value":[${json}],"responses":[${json}],"error":${json},"@odata.nextLink":${json}}`),
  );

  it("only a GRAPH_BAD_RESPONSE escapes, and what is read has its shape", () => {
    fc.assert(
      fc.property(text, fc.boolean(), (given, isDelta) => {
        for (const read of [
          () => parsePage(given, { graphHost, delta: isDelta }),
          () => parseBatch(given),
          () => parseObject(given, "x"),
        ]) {
          try {
            read();
          } catch (error) {
            expect(error).toMatchObject({ name: "MailError", code: "GRAPH_BAD_RESPONSE" });
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it("codes are texts that are not empty", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        for (const code of errorCodes(json as never)) expect(code).toMatch(/./s);
        for (const code of errorCodes({ error: json } as never)) expect(code).toMatch(/./s);
      }),
    );
  });

  it("an object is told from a list and null", () => {
    expect([{}, [], null, "x", 1, undefined].map(isObject)).toEqual([true, false, false, false, false, false]);
  });
});
