import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Cursor, cursorKey, cursorValue, readCursor } from "../../../src/mailbox/cursor.js";
import type { Value } from "../../../src/state/store.js";

const queue = "support@contoso.com";
const entry = (value: unknown) => ({ key: cursorKey(queue, "inbox"), value: value as Value, version: 1 });

const cursor: fc.Arbitrary<Cursor> = fc.record(
  {
    link: fc.record({ kind: fc.constantFrom("next" as const, "delta" as const), url: fc.webUrl() }),
    select: fc.constantFrom("full" as const, "light" as const),
    openedAt: fc.nat(),
    live: fc.boolean(),
  },
  { requiredKeys: ["select", "live"] },
);

describe("a cursor", () => {
  it("is read back from its record as it was, also through JSON", () => {
    fc.assert(
      fc.property(cursor, (given) => {
        const value = JSON.parse(JSON.stringify(cursorValue(given))) as Value;
        expect(readCursor(entry(value), queue)).toEqual(given);
      }),
    );
  });

  it("lies under its queue and folder", () => {
    expect(cursorKey("support@contoso.com", "inbox")).toEqual(["support@contoso.com", "cursor", "inbox"]);
    expect(cursorKey("a", "b")).not.toEqual(cursorKey("a", "c"));
  });

  const good = { link: { kind: "delta", url: "https://graph.microsoft.com/x" }, select: "full", openedAt: 5, live: true };

  it("may have no link and no opening time yet", () => {
    expect(readCursor(entry({ select: "light", live: false }), queue)).toEqual({ select: "light", live: false });
  });

  it.each([
    ["nothing", null],
    ["a text", "https://graph.microsoft.com/x"],
    ["a number", 7],
    ["a list", [good]],
    ["an empty record", {}],
    ["no select", { ...good, select: undefined }],
    ["an unknown select", { ...good, select: "all" }],
    ["no live", { ...good, live: undefined }],
    ["a live that is a text", { ...good, live: "true" }],
    ["a time that is a text", { ...good, openedAt: "5" }],
    ["a link that is a text", { ...good, link: good.link.url }],
    ["a link that is null", { ...good, link: null }],
    ["a link that is a list", { ...good, link: ["next", good.link.url] }],
    ["a link of unknown kind", { ...good, link: { ...good.link, kind: "prev" } }],
    ["a link without url", { ...good, link: { kind: "next" } }],
    ["a link whose url is no text", { ...good, link: { kind: "next", url: 5 } }],
  ])("that holds %s is STORE_RECORD_INVALID, told with key, queue and what to do", (_, value) => {
    const read = () => readCursor(entry(value), queue);
    expect(read).toThrow(expect.objectContaining({ name: "MailError", code: "STORE_RECORD_INVALID", queue, retryable: false }));
    expect(read).toThrow(`The stored cursor ${queue}/cursor/inbox of ${queue} cannot be read; restore the store from a copy.`);
  });
});
