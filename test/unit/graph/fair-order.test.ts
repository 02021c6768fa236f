/** Who is served first, and that everybody is. */
import { expect, test } from "vitest";
import { createFairOrder, type Urgency, type Waiting } from "../../../src/graph/fair-order.js";

interface One extends Waiting {
  readonly name: string;
}

const one = (urgency: Urgency, name: string): One => ({ urgency, name, lane: name, gone: false });

test("of all kinds that always wait each gets its share", () => {
  const order = createFairOrder<One>();
  for (const urgency of ["urgent", "backlog", "sweep"] as const) for (const name of ["a", "b"]) order.add(one(urgency, name));
  const served = { urgent: 0, backlog: 0, sweep: 0 };
  for (let turn = 0; turn < 1_600; turn += 1) {
    const { urgency, name } = order.head as One;
    served[urgency] += 1;
    order.next();
    order.add(one(urgency, name));
  }
  expect(served).toEqual({ urgent: 1_400, backlog: 100, sweep: 100 });
});

test("somebody more urgent who comes later goes before the one whose turn it was, who is the next of its kind", () => {
  const order = createFairOrder<One>();
  const names: string[] = [];
  const serve = () => {
    names.push((order.head as One).name);
    order.next();
  };
  order.add(one("sweep", "first sweep"));
  order.add(one("sweep", "second sweep"));
  expect(order.head?.name).toBe("first sweep");
  order.add(one("urgent", "mark"));
  serve();
  order.add(one("backlog", "round"));
  serve();
  serve();
  serve();
  expect(names).toEqual(["mark", "round", "first sweep", "second sweep"]);
  expect(order.head).toBeUndefined();
});

test("one that is gone is passed over, also after it had to stand back", () => {
  const order = createFairOrder<One>();
  const leaving = { ...one("backlog", "leaving") };
  order.add(leaving);
  order.add(one("backlog", "other"));
  expect(order.head?.name).toBe("leaving");
  order.add(one("urgent", "mark"));
  leaving.gone = true;
  order.next();
  expect(order.head?.name).toBe("mark");
  order.next();
  expect(order.head?.name).toBe("other");
});
