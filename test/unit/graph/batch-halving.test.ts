/** Parts that spoil the answer to their whole batch: each has the error to itself, and all the others their answers. */
import { describe, expect, it } from "vitest";
import { MailError } from "../../../src/base/errors.js";
import { sendBatch } from "../../../src/graph/batch.js";
import type { BatchPart } from "../../../src/graph/wire.js";
import { rejected } from "../../support/rejection.js";
import { setUp } from "./set-up.js";

const parts: readonly BatchPart[] = Array.from({ length: 20 }, (_, index) => ({
  id: String(index),
  method: "GET",
  path: `/me/messages/${index}`,
  prefer: "",
}));

/** A Graph whose answer to any batch with one of the bad parts is `spoiled`. */
async function spoiledBy(bad: readonly number[], spoiled: () => Response) {
  const set = await setUp();
  set.network.fetch = async (_, init) => {
    const { requests } = JSON.parse(String(init?.body)) as { requests: { id: string }[] };
    if (requests.some(({ id }) => bad.includes(Number(id)))) return spoiled();
    return Response.json({ responses: requests.map(({ id }) => ({ id, status: 200, body: {} })) });
  };
  const answers = async () => {
    const given = await set.inTime(sendBatch(set.client, set.mailbox, { parts, what: "reading messages", tries: 1 }));
    return [...given].filter(([, answer]) => !answer.ok).map(([id, answer]) => [Number(id), answer.ok ? "" : answer.error.code]);
  };
  return { ...set, answers };
}

const unreadable = () => new Response('{"responses":[{"id":"1","body":"raw \u0001 control"}]}');
const timedOut = () => Response.json({ error: { code: "UnknownError", message: "" } }, { status: 504 });

describe("a batch whose answer cannot be read", () => {
  it.each([[[0]], [[7]], [[19]], [[0, 1]], [[18, 19]], [[3, 4, 5, 6]], [[0, 2, 4, 6, 8, 10, 12, 14, 16, 18]], [[...Array(19).keys()]]])(
    "because of the parts %j fails for them alone",
    async (bad) => {
      const { answers } = await spoiledBy(bad, unreadable);
      expect(await answers()).toEqual(bad.map((id) => [id, "GRAPH_BAD_RESPONSE"]));
    },
  );

  it("or is too big for Graph to make fails for the part that is", async () => {
    const { answers } = await spoiledBy([11], timedOut);
    expect(await answers()).toEqual([[11, "GRAPH_UNAVAILABLE"]]);
  });

  it("because of every part is not the parts' fault: the whole fails, after each was asked for by itself", async () => {
    const { answers, sent } = await spoiledBy([...Array(20).keys()], unreadable);
    expect((await rejected(answers())).code).toBe("GRAPH_BAD_RESPONSE");
    expect(sent.length).toBeLessThan(2 * parts.length);
  });

  it("of one part that is alone fails for that part, asked for once", async () => {
    const { client, mailbox, inTime, sent } = await spoiledBy([0], unreadable);
    const whole = inTime(sendBatch(client, mailbox, { parts: parts.slice(0, 1), what: "reading messages" }));
    expect((await whole).get("0")).toMatchObject({ ok: false, error: { code: "GRAPH_BAD_RESPONSE" } });
    expect(sent).toHaveLength(1);
  });
});

it("a batch that fails in another way is not halved", async () => {
  const { answers, sent } = await spoiledBy([3], () => Response.json({ error: { code: "BadRequest" } }, { status: 400 }));
  expect((await rejected(answers())).code).toBe("GRAPH_REFUSED");
  expect(sent).toHaveLength(1);
});

it("the half that was answered stays so when the other half ends the sending", async () => {
  const set = await spoiledBy([19], unreadable);
  let asked = 0;
  set.tokens.get = async () => {
    asked += 1;
    if (asked > 2) throw new MailError("AUTH_UNAVAILABLE", "Entra is busy.");
    return set.tokens.given[0] ?? "";
  };
  expect(await set.answers()).toEqual(Array.from({ length: 10 }, (_, index) => [index + 10, "AUTH_UNAVAILABLE"]));
});
