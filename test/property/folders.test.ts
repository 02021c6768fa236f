/**
 * People make, rename, move and delete folders at random, mail arrives and is moved about, and daemons end in the middle.
 * At rest, all mail that lies in a watched folder was delivered, and nothing that was settled came again.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { SimulatedMailbox } from "../../simulator/index.js";
import { createFolderScene, type FolderScene } from "../faults/fixtures/folder-scene.js";

const { PROPERTY_SEED, PROPERTY_PATH, PROPERTY_RUNS = "25" } = process.env;
const seed = PROPERTY_SEED === "random" ? Date.now() % 2 ** 31 : Number(PROPERTY_SEED ?? 31);
const numRuns = Number(PROPERTY_RUNS);
const path = "inbox/A";
const watched = ["junkemail", path, { folder: "archive", subtree: true }];
const names = ["A", "B", "a/b", "50%"];

/** Picks one of those that are there, whatever number is given. */
const at = <T>(all: readonly T[], number: number): T | undefined => all[number % Math.max(1, all.length)];

const number = fc.nat({ max: 1_000 });
const name = fc.constantFrom(...names);
const act = fc.oneof(
  { weight: 4, arbitrary: fc.record({ does: fc.constant("deliver"), to: number, isOld: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ does: fc.constant("make"), to: number, name }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant("rename"), folder: number, name }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant("move folder"), folder: number, to: number }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant("delete"), folder: number, hard: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant("move mail"), mail: number, to: number }) },
  { weight: 4, arbitrary: fc.record({ does: fc.constant("round") }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant("end"), at: fc.integer({ min: 0, max: 6 }) }) },
);

interface Act {
  readonly does: string;
  readonly to?: number;
  readonly folder?: number;
  readonly mail?: number;
  readonly name?: string;
  readonly isOld?: boolean;
  readonly hard?: boolean;
  readonly at?: number;
}

function perform(mailbox: SimulatedMailbox, act: Act): void {
  const folders = mailbox.folders();
  const made = folders.filter(({ wellKnown }) => wellKnown === undefined).map(({ id }) => id);
  const places = ["inbox", "archive", "junkemail", "sentitems", ...made];
  const to = at(places, act.to ?? 0) as string;
  const folder = at(made, act.folder ?? 0);
  if (act.does === "deliver") mailbox.deliver(act.isOld ? { receivedAt: 1_500_000_000_000, isRead: true } : {}, to);
  if (act.does === "move mail") {
    const mail = at(mailbox.messages(), act.mail ?? 0);
    if (mail) mailbox.move(mail.id, to);
  }
  const parentId = folders.find(({ id, wellKnown }) => id === to || wellKnown === to)?.id;
  const isTaken = folders.some((one) => one.parentId === parentId && one.name === act.name);
  if (act.does === "make" && !isTaken) mailbox.addFolder(act.name ?? "", to);
  // What a mailbox does not allow is not done: a name that is taken, a folder below itself.
  try {
    if (act.does === "rename" && folder) mailbox.renameFolder(folder, act.name ?? "");
    if (act.does === "move folder" && folder) mailbox.moveFolder(folder, to);
    if (act.does === "delete" && folder) mailbox.deleteFolder(folder, { hard: act.hard === true });
  } catch (error) {
    if (!/already|below itself/.test(String(error))) throw error;
  }
}

/** Messages in folders that are watched by what they are now: whatever was before, these were to be delivered. */
function owed(mailbox: SimulatedMailbox): string[] {
  const folders = mailbox.folders();
  const named = (wellKnown: string) => folders.find((one) => one.wellKnown === wellKnown);
  const childrenOf = (id: string | undefined) => folders.filter(({ parentId }) => parentId === id);
  const tree = [named("archive")];
  for (const one of tree) tree.push(...childrenOf(one?.id));
  const byPath = childrenOf(named("inbox")?.id).find((one) => one.name === "A");
  return [...tree, named("junkemail"), byPath].flatMap((one) => (one ? mailbox.messages(one.id).map(({ id }) => id) : []));
}

async function run(scene: FolderScene, acts: readonly Act[]): Promise<void> {
  const { mailbox } = scene;
  mailbox.addFolder("A", "inbox");
  mailbox.addFolder("a/b", mailbox.addFolder("B", "archive"));
  const begin = () => scene.start(watched, { startFrom: "now" });
  let daemon = await begin();
  await daemon.round().catch(() => undefined);
  for (const one of acts) {
    if (one.does === "round") await daemon.round().catch(() => undefined);
    else if (one.does !== "end") perform(mailbox, one);
    else {
      daemon.endAt(one.at ?? 0);
      await daemon.round().catch(() => undefined);
      await daemon.stop();
      daemon = await begin();
    }
  }
  for (let round = 1; round <= 3; round += 1) await daemon.round().catch(() => undefined);
  await scene.pass(60_000);
  const handed = new Set(scene.handed.map(({ id }) => id));
  expect(owed(mailbox).filter((id) => !handed.has(id))).toEqual([]);
  expect(scene.again).toEqual([]);
  await daemon.stop();
}

test("whatever people do to folders, mail of watched ones is delivered, and what was settled does not come again", async () => {
  let ofChanges = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(act, { minLength: 10, maxLength: 30, size: "max" }), async (acts) => {
      const scene = await createFolderScene();
      await run(scene, acts);
      ofChanges += scene.changes.length;
    }),
    { numRuns, seed, ...(PROPERTY_PATH ? { path: PROPERTY_PATH } : {}) },
  );
  expect(ofChanges).toBeGreaterThan(numRuns / 2);
}, 120_000);
