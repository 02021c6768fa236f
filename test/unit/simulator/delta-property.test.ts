import fc from "fast-check";
import { expect, test } from "vitest";
import { type Caller, createCaller, type Item, immutable } from "./caller.js";

/** What another client does to a message; the number picks it. */
interface Happening {
  kind: "out" | "in" | "away and back" | "remove" | "update";
  pick: number;
}
/** What comes between and during a client's rounds. */
type Step = { kind: "deliver" } | { kind: "page" } | Happening;

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Step>({ kind: "deliver" }) },
  { weight: 4, arbitrary: fc.constant<Step>({ kind: "page" }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constantFrom("out" as const, "in" as const, "away and back" as const, "remove" as const, "update" as const),
      pick: fc.nat(1000),
    }),
  },
);

function happen({ user: { mailbox } }: Caller, { kind, pick }: Happening): void {
  const messages = mailbox.messages(kind === "in" ? "archive" : "inbox");
  const id = messages[pick % Math.max(1, messages.length)]?.id;
  if (id === undefined) return;
  if (kind === "remove") mailbox.remove(id);
  else if (kind === "update") mailbox.update(id, { isRead: pick % 2 === 0, categories: [String(pick)] });
  else mailbox.move(id, kind === "in" ? "inbox" : "archive");
  if (kind === "away and back") mailbox.move(id, "inbox");
}

/** A client that believes every item it is given. */
async function follow(caller: Caller, steps: readonly Step[], prefer: string): Promise<Map<string, Item>> {
  const believed = new Map<string, Item>();
  let link = "/me/mailFolders/inbox/messages/delta?$select=subject,isRead,categories";
  async function readPage(): Promise<{ ended: boolean }> {
    const { status, body } = await caller.ask(link, { prefer });
    expect(status).toBe(200);
    for (const item of body.value as Item[]) {
      if (item["@removed"]) believed.delete(item.id);
      else believed.set(item.id, { ...believed.get(item.id), ...item });
    }
    link = body["@odata.nextLink"] ?? body["@odata.deltaLink"];
    return { ended: body["@odata.deltaLink"] !== undefined };
  }
  for (const one of steps) {
    if (one.kind === "deliver") caller.user.mailbox.deliver();
    else if (one.kind === "page") await readPage();
    else happen(caller, one);
  }
  // What happens during a round belongs to the next one, so two rounds after the last step tell everything.
  for (let rounds = 0; rounds < 2; ) if ((await readPage()).ended) rounds += 1;
  return believed;
}

test.each([
  ["immutable ids", `${immutable}, odata.maxpagesize=2`, true],
  ["default ids", "odata.maxpagesize=2", false],
])("with the trap off, a client that believes every item ends with exactly what is in the folder (%s)", async (_, prefer, isImmutable) => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.nat(), async (steps, seed) => {
      const caller = await createCaller({ seed, quirks: { moveAwayAndBackHidden: false } });
      const believed = await follow(caller, steps, prefer);
      const there = caller.user.mailbox.messages("inbox");
      expect([...believed.keys()].sort()).toEqual(there.map((message) => (isImmutable ? message.id : message.defaultId)).sort());
      for (const message of there) {
        const { subject, isRead, categories } = believed.get(isImmutable ? message.id : message.defaultId)!;
        expect({ subject, isRead, categories }).toEqual({
          subject: message.subject,
          isRead: message.isRead,
          categories: message.categories,
        });
      }
    }),
    { numRuns: 60 },
  );
});
