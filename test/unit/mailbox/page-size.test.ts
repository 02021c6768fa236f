/** How the page size follows trouble. */
import { expect, test } from "vitest";
import { MailError } from "../../../src/base/errors.js";
import { createPageSize } from "../../../src/mailbox/page-size.js";

const tooBig = new MailError("GRAPH_UNAVAILABLE", "504", { status: 504 });

test("a page that is too big is halved, down to one message", () => {
  const size = createPageSize(100);
  const seen = Array.from({ length: 9 }, () => {
    size.failed(tooBig);
    return size.current;
  });
  expect(seen).toEqual([50, 25, 13, 7, 4, 2, 1, 1, 1]);
});

test("it grows again slowly, and never above what is configured", () => {
  const size = createPageSize(100);
  size.failed(tooBig);
  size.failed(tooBig);
  const grown = Array.from({ length: 60 }, () => {
    size.succeeded();
    return size.current;
  });
  expect([grown[18], grown[19], grown[38], grown[39], grown[59]]).toEqual([25, 50, 50, 100, 100]);
});

test.each([new MailError("GRAPH_BAD_RESPONSE", "cut"), new MailError("GRAPH_TIMEOUT", "late")])("$code makes it smaller", (error) => {
  const size = createPageSize(100);
  size.failed(error);
  expect(size.current).toBe(50);
});

test.each([
  new MailError("GRAPH_THROTTLED", "429", { status: 429 }),
  new MailError("GRAPH_UNREACHABLE", "down"),
  new MailError("SYNC_CURSOR_LOST", "410", { status: 410 }),
  new Error("none of ours"),
])("%s says nothing about the size", (error) => {
  const size = createPageSize(100);
  size.failed(error);
  expect(size.current).toBe(100);
});
