/** The demo's verdict is trusted because each thing it looks for was seen to be found, beside a run in which all is well. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createLogbook } from "../../examples/demo/logbook.js";
import { createScreen } from "../../examples/demo/screen.js";
import { cut, wrapped } from "../../examples/demo/text-line.js";
import { type Facts, judge, type MailFacts, type TrafficFacts } from "../../examples/demo/verdict.js";

const queue = "support@contoso.com";
const mail = (change: Partial<MailFacts> = {}): MailFacts => ({
  queue,
  subject: "Where is my parcel?",
  arrivedAt: 1_000,
  handedOverAt: [1_250],
  settled: true,
  marked: true,
  cutOffs: 0,
  ...change,
});
const calm: TrafficFacts = { queue, requests: 10, mostAtOnce: 4, throttled: 1, early: 0 };
const { arrivedAt: _, ...neverArrived } = mail();

function facts({ mails = [mail()], ...traffic }: { mails?: readonly MailFacts[] } & Partial<TrafficFacts> = {}): Facts {
  return { mails, traffic: [{ ...calm, ...traffic }], entra: { requests: 5, afterRestart: 0 } };
}

describe("the verdict", () => {
  test("has no complaint when every mail was delivered once, settled and marked", () => {
    const { complaints, total } = judge(facts({ mails: [mail(), mail({ handedOverAt: [1_750] })] }));
    expect(complaints).toEqual([]);
    expect(total).toEqual({ name: "total", arrived: 2, delivered: 2, duplicates: 0, marked: 2, requests: 10, p50Ms: 250, p95Ms: 750 });
  });

  test("has no complaint about a duplicate that was in flight at a kill", () => {
    const { complaints, total, findings } = judge(facts({ mails: [mail({ handedOverAt: [1_250, 2_000], cutOffs: 1 })] }));
    expect(complaints).toEqual([]);
    expect(total).toMatchObject({ delivered: 1, duplicates: 1, p50Ms: 250 });
    expect(findings).toContain("Duplicates: 1, in flight when the process was killed.");
  });

  test.each<{ what: string; given: Facts; complaint: string }>([
    {
      what: "a mail that was never handed over",
      given: facts({ mails: [mail(), mail({ handedOverAt: [], settled: false, marked: false })] }),
      complaint: `Lost, never handed over: ${queue} "Where is my parcel?"`,
    },
    {
      what: "a duplicate that was not in flight at the kill",
      given: facts({ mails: [mail({ handedOverAt: [1_250, 2_000] })] }),
      complaint: `Handed over 2 times, in flight at 0 kills: ${queue} "Where is my parcel?"`,
    },
    {
      what: "a second duplicate, which one kill does not explain",
      given: facts({ mails: [mail({ handedOverAt: [1_250, 2_000, 2_500], cutOffs: 1 })] }),
      complaint: `Handed over 3 times, in flight at 1 kills: ${queue} "Where is my parcel?"`,
    },
    {
      what: "a mail that is settled and not marked",
      given: facts({ mails: [mail({ marked: false })] }),
      complaint: `Settled, not marked in the mailbox: ${queue} "Where is my parcel?"`,
    },
    {
      what: "a mail that was never settled",
      given: facts({ mails: [mail({ settled: false, marked: false })] }),
      complaint: `Handed over, never settled: ${queue} "Where is my parcel?"`,
    },
    {
      what: "a mail that no mailbox had",
      given: facts({ mails: [mail(), neverArrived] }),
      complaint: `Handed over, but in no mailbox: ${queue} "Where is my parcel?"`,
    },
    { what: "five requests at once", given: facts({ mostAtOnce: 5 }), complaint: `${queue} was asked by 5 requests at once.` },
    {
      what: "a request that came too early",
      given: facts({ early: 1 }),
      complaint: `${queue} was asked 1 times before a Retry-After had passed.`,
    },
    { what: "a run without mail", given: facts({ mails: [] }), complaint: "No mail arrived, so nothing was shown." },
    {
      what: "a restart that needed Entra",
      given: { ...facts(), entra: { requests: 6, afterRestart: 1 } },
      complaint: "Entra was asked 1 times after the restart; the store held all tokens.",
    },
  ])("complains about $what, and about nothing else", ({ given, complaint }) => {
    expect(judge(given).complaints).toEqual([complaint]);
  });
});

describe("the logbook", () => {
  const name = { queue, id: "a" };
  const about = { ...name, subject: "Hello" };

  test("counts as in flight at a kill what was handed over and not settled, and nothing else", () => {
    const logbook = createLogbook();
    logbook.arrived({ ...about, at: 1 });
    logbook.begun({ ...about, at: 2 });
    logbook.begun({ ...about, id: "b", at: 2 });
    logbook.settled({ queue, id: "b" });
    expect(logbook.cutOff()).toBe(1);
    logbook.isBack();
    expect(logbook.begun({ ...about, at: 3 })).toMatchObject({ number: 1, again: true });
    logbook.settled(name);
    expect(logbook.cutOff()).toBe(0);
    expect(logbook.facts(new Set([`${queue}/a`]))).toMatchObject([
      { arrivedAt: 1, handedOverAt: [2, 3], settled: true, marked: true, cutOffs: 1 },
      { handedOverAt: [2], settled: true, marked: false, cutOffs: 0 },
    ]);
  });

  test("takes a mark for a settlement whose news a kill cut off", async () => {
    const logbook = createLogbook();
    logbook.arrived({ ...about, at: 1 });
    logbook.begun({ ...about, at: 2 });
    const complete = logbook.until(() => logbook.isComplete, 10_000);
    expect(logbook.isComplete).toBe(false);
    logbook.cutOff();
    logbook.marked(name);
    expect(await complete).toBe(true);
  });
});

describe("the logbook of several workers", () => {
  const about = { queue, id: "a", subject: "Hello" };
  const cutOffs = (logbook: ReturnType<typeof createLogbook>) => logbook.facts(new Set()).map((mail) => mail.cutOffs);

  test("a worker that is cut off leaves the deliveries of the others alone", () => {
    const logbook = createLogbook();
    logbook.begun({ ...about, by: "one", at: 1 });
    logbook.begun({ ...about, id: "b", by: "two", at: 1 });
    expect([logbook.inFlightCount("one"), logbook.cutOff("one"), logbook.inFlightCount("one"), logbook.inFlightCount("two")]).toEqual([
      1, 1, 0, 1,
    ]);
    expect(cutOffs(logbook)).toEqual([1, 0]);
  });

  test("what a worker had begun before it was back was cut off, whenever it is told", () => {
    const logbook = createLogbook();
    logbook.cutOff("one");
    logbook.begun({ ...about, by: "one", at: 1 });
    expect([cutOffs(logbook), logbook.inFlightCount("one")]).toEqual([[1], 0]);
    logbook.isBack("one", 5);
    logbook.begun({ ...about, id: "b", by: "one", at: 4 });
    expect([cutOffs(logbook), logbook.inFlightCount("one")]).toEqual([[1, 1], 0]);
    logbook.begun({ ...about, id: "c", by: "one", at: 5 });
    expect([cutOffs(logbook), logbook.inFlightCount("one")]).toEqual([[1, 1, 0], 1]);
  });

  test("a lost turn cuts off what its worker had in flight in that queue, also when another one has settled it meanwhile", () => {
    const logbook = createLogbook();
    logbook.begun({ ...about, by: "one", at: 1 });
    logbook.begun({ ...about, queue: "sales@contoso.com", by: "one", at: 1 });
    logbook.begun({ ...about, by: "two", at: 2 });
    logbook.settled({ ...about, by: "two" });
    logbook.turnLost(queue, "one");
    expect(cutOffs(logbook)).toEqual([1, 0]);
  });
});

describe("the screen", () => {
  function record(stream: { isTTY?: boolean; columns?: number }, environment: Record<string, string> = {}) {
    const written: string[] = [];
    return { written, screen: createScreen({ ...stream, write: (text) => written.push(text) > 0 }, environment) };
  }

  test("on a terminal, rewrites the progress in place and keeps it below the lines", () => {
    const { written, screen } = record({ isTTY: true, columns: 100 });
    screen.progress("half");
    screen.line("a ticket", "good");
    screen.endProgress();
    expect(written).toEqual(["\u001b[2mhalf\u001b[22m", "\r\u001b[J\u001b[32ma ticket\u001b[39m\n\u001b[2mhalf\u001b[22m", "\r\u001b[J"]);
  });

  test("a progress of several lines is rewritten from its first, and elsewhere than on a terminal only that one is shown", () => {
    const { written, screen } = record({ isTTY: true, columns: 100 }, { NO_COLOR: "1" });
    screen.progress("half", "one", "two");
    screen.progress("whole", "one", "two");
    screen.endProgress();
    screen.line("done");
    expect(written).toEqual(["half\none\ntwo", "\r\u001b[2A\u001b[Jwhole\none\ntwo", "\r\u001b[2A\u001b[J", "done\n"]);
  });

  test("with NO_COLOR there is no colour, and elsewhere than on a terminal no control character", () => {
    const plain = record({ isTTY: true, columns: 100 }, { NO_COLOR: "1" });
    const piped = record({});
    for (const { screen } of [plain, piped]) {
      screen.progress("half");
      screen.line("a ticket", "bad");
    }
    expect(plain.written).toEqual(["half", "\r\u001b[Ja ticket\nhalf"]);
    expect(piped.written).toEqual(["a ticket\n"]);
  });

  test("no line is wider than 80 columns or a narrower terminal", () => {
    const long = "x".repeat(200);
    for (const [columns, width] of [
      [200, 80],
      [40, 40],
    ] as const) {
      const { written, screen } = record({ isTTY: true, columns }, { NO_COLOR: "1" });
      screen.line(long);
      screen.progress(long);
      expect(written).toEqual([`${"x".repeat(width - 1)}…\n`, `${"x".repeat(width - 2)}…`]);
    }
  });

  test("a text of any kind is cut and wrapped to its width, without a character that a terminal would obey", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), fc.integer({ min: 3, max: 90 }), (text, width) => {
        for (const line of [cut(text, width), ...wrapped(text, width)]) {
          expect([...line].length).toBeLessThanOrEqual(width);
          expect(line).not.toMatch(/\p{Cc}/u);
        }
      }),
    );
  });
});
