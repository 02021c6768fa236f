/** How the page size follows trouble. */
import { expect, test } from "vitest";
import { MailError } from "../../../src/base/errors.js";
import { createPageSize, longestPage } from "../../../src/mailbox/page-size.js";

const tooBig = new MailError("GRAPH_UNAVAILABLE", "504", { status: 504 });

test("a page that is too big is quartered, down to one message, and says when it cannot be smaller", () => {
  const size = createPageSize(100);
  const seen = Array.from({ length: 6 }, () => [size.failed(tooBig), size.current]);
  expect(seen).toEqual([
    [true, 25],
    [true, 7],
    [true, 2],
    [true, 1],
    [false, 1],
    [false, 1],
  ]);
});

test("it grows again slowly, and never above what is configured", () => {
  const size = createPageSize(100);
  size.failed(tooBig);
  const grown = Array.from({ length: 60 }, () => {
    size.succeeded(1_000);
    return size.current;
  });
  expect([grown[18], grown[19], grown[38], grown[39], grown[59]]).toEqual([25, 50, 50, 100, 100]);
});

test.each([
  new MailError("GRAPH_BAD_RESPONSE", "cut"),
  new MailError("GRAPH_TIMEOUT", "late"),
  new MailError("GRAPH_UNAVAILABLE", "500", { status: 500 }),
])("$code makes it smaller", (error) => {
  const size = createPageSize(100);
  size.failed(error);
  expect(size.current).toBe(25);
});

test.each([
  new MailError("GRAPH_THROTTLED", "429", { status: 429 }),
  new MailError("GRAPH_UNREACHABLE", "down"),
  new MailError("GRAPH_UNAVAILABLE", "503", { status: 503 }),
  new MailError("SYNC_CURSOR_LOST", "410", { status: 410 }),
  new Error("none of ours"),
])("%s says nothing about the size", (error) => {
  const size = createPageSize(100);
  size.failed(error);
  expect(size.current).toBe(100);
});

test("a page larger than one in memory may be is followed by pages that are not, and by more messages only when twice as many fit", () => {
  const size = createPageSize(100);
  size.succeeded(4 * longestPage);
  expect(size.current).toBe(25);
  for (let page = 0; page < 100; page += 1) size.succeeded(0.6 * longestPage);
  expect(size.current).toBe(25);
  for (let page = 0; page < 20; page += 1) size.succeeded(0.4 * longestPage);
  expect(size.current).toBe(50);
  size.succeeded(1_000 * longestPage);
  expect(size.current).toBe(1);
});
