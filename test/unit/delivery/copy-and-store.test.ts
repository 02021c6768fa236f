/** A store that fails once between the end of an original and what becomes of its copy: the copy is not forgotten. */
import { expect, test } from "vitest";
import { insisting } from "../../../src/delivery/insist.js";
import { openLedger } from "../../../src/delivery/ledger.js";
import { memoryStore } from "../../../src/state/memory.js";
import { createManualClock } from "../../support/manual-clock.js";
import { stepping } from "../../support/stepping.js";
import { away, troubledStore } from "../../support/troubled-store.js";

const pending = (id: string) => ({ id, folder: "inbox", receivedAt: 1, becomes: "pending" }) as const;

async function setUp() {
  const clock = createManualClock();
  const store = troubledStore(memoryStore({ clock }));
  await store.open();
  const ledger = await openLedger({ store, clock, queue: "support@contoso.com" });
  const done = <T>(work: Promise<T>) => stepping(work, () => clock.advance(1_000));
  const record = (...ids: string[]) => done(ledger.record(ids.map(pending)));
  const recordCopy = () => done(ledger.record([{ ...pending("copy"), copyOf: "original" }]));
  const [original] = await record("original");
  let commits = 0;
  return {
    ledger,
    original: original!,
    record,
    recordCopy,
    insist: <T>(write: () => Promise<T>) => done(insisting(write, { clock, signal: new AbortController().signal })),
    /** Of the commits from now on that one fails. */
    refuse(number: number) {
      commits = 0;
      store.refuse = () => (++commits === number ? away() : undefined);
    },
  };
}

test("the copy of one that is gone is delivered, though the store failed when it was to be opened", async () => {
  const { ledger, original, recordCopy, refuse, insist } = await setUp();
  expect(await recordCopy()).toMatchObject([{ id: "copy", copyOf: "original" }]);
  refuse(2);
  const delivered = await insist(() => ledger.close(original, "gone"));
  expect(delivered).toMatchObject({ id: "copy", state: "pending" });
  expect(ledger.open.get("copy")).not.toHaveProperty("copyOf");
});

test("the copy of one that is settled rests with it, though the store failed in between", async () => {
  const { ledger, original, recordCopy, refuse, insist } = await setUp();
  await recordCopy();
  const [started] = await insist(() => ledger.begin([{ entry: original }]));
  refuse(2);
  await insist(() => ledger.settle(started!, { outcome: "settled", mark: undefined }));
  expect(ledger.open.size).toBe(0);
  expect((await ledger.look(["copy"])).get("copy")).toMatchObject({ final: { state: "settled" } });
});

test("a page whose copy cannot be opened in time is handed on all the same, and the copy comes with the next page", async () => {
  const { ledger, original, refuse, insist, record } = await setUp();
  const page = ledger.record([{ ...pending("copy"), copyOf: "original" }, pending("other")]);
  // The original ends while the page is on its way to the store, in the same commit; then the store fails.
  refuse(2);
  const gone = insist(() => ledger.close(original, "gone"));
  const fresh = await insist(() => page);
  expect(fresh.map(({ id }) => id)).toEqual(expect.arrayContaining(["copy", "other"]));
  const delivered = [await gone, ...fresh, ...(await record("third"))].filter(
    (entry) => entry?.id === "copy" && entry.copyOf === undefined,
  );
  expect(delivered).toHaveLength(1);
  expect(ledger.open.get("copy")).not.toHaveProperty("copyOf");
});
