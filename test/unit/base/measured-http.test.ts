/** What is told of requests, and that nothing about them is changed. */
import { expect, test } from "vitest";
import { MailError } from "../../../src/base/errors.js";
import type { Http, HttpAnswer } from "../../../src/base/http.js";
import { measuredHttp, type RequestEnd } from "../../../src/base/measured-http.js";
import { createManualClock } from "../../support/manual-clock.js";
import { rejected } from "../../support/rejection.js";

const request = { method: "GET", url: "https://graph.microsoft.com/v1.0/me", headers: {} };

function measured(answer: Http) {
  const clock = createManualClock();
  const ends: RequestEnd[] = [];
  const http = measuredHttp(
    (asked) => {
      clock.freeze(250);
      return answer(asked);
    },
    { clock, onEnd: (end) => ends.push(end) },
  );
  return { ends, http };
}

test("an answer passes as it is, and its method, status and time are told", async () => {
  const answer: HttpAnswer = { status: 429, headers: new Headers(), text: "later" };
  const asked: unknown[] = [];
  const { ends, http } = measured(async (given) => {
    asked.push(given);
    return answer;
  });
  expect(await http(request)).toBe(answer);
  expect(asked).toEqual([request]);
  expect(ends).toEqual([{ method: "GET", status: 429, tookMs: 250 }]);
});

test("an error passes as it is, and its code is told", async () => {
  const error = new MailError("GRAPH_TIMEOUT", "No answer.");
  const { ends, http } = measured(() => Promise.reject(error));
  expect(await rejected(http(request))).toBe(error);
  expect(ends).toEqual([{ method: "GET", failure: "GRAPH_TIMEOUT", tookMs: 250 }]);
});

test("a request that is given up has no code of ours", async () => {
  const stop = new AbortController();
  const reason = new Error("enough");
  const { ends, http } = measured(() => {
    stop.abort(reason);
    return Promise.reject(reason);
  });
  await expect(http({ ...request, signal: stop.signal })).rejects.toBe(reason);
  expect(ends).toEqual([{ method: "GET", failure: "_OTHER", tookMs: 250 }]);
});

test("what is given up before it is sent is not told at all", async () => {
  const { ends, http } = measured(() => Promise.reject(new Error("never")));
  const reason = new Error("enough");
  await expect(http({ ...request, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  expect(ends).toEqual([]);
});
