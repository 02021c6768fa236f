/**
 * People rename, move, delete and make watched folders, and the daemon that watches them ends in the middle: at each of
 * the commits that follow, in turn. The next daemon goes on; nothing is lost and nothing that was settled comes again.
 */
import { expect, it } from "vitest";
import type { SimulatedMailbox } from "../../simulator/index.js";
import type { FolderOption } from "../../src/index.js";
import { createFolderScene, type FolderScene } from "./fixtures/folder-scene.js";

interface Case {
  readonly what: string;
  readonly folders: readonly FolderOption[];
  /** What people do, with mail before and after; the first daemon watches during the first half and ends in the second. */
  readonly first?: (mailbox: SimulatedMailbox) => void;
  readonly change: (mailbox: SimulatedMailbox) => void;
  /** Of all that happened, whoever was there to see it. */
  readonly changes: readonly string[];
  /** Names under which the mail is delivered besides those from before. */
  readonly names: readonly string[];
  /** The folder is not there at the end. */
  readonly missing?: true;
}

const path = ["inbox/Cases"];
const tree = [{ folder: "inbox", subtree: true }];
/** Mail with an old date: nothing but its id says that it is new. */
const old = { receivedAt: Date.parse("2019-01-01T00:00:00Z"), isRead: true };

const cases: readonly Case[] = [
  {
    what: "renamed",
    folders: path,
    change(mailbox) {
      mailbox.deliver({}, "Cases");
      mailbox.renameFolder("Cases", "Closed cases");
      mailbox.deliver({}, "Closed cases");
    },
    changes: ["moved inbox/Cases"],
    names: ["inbox/Cases"],
  },
  {
    what: "moved to the top",
    folders: path,
    change(mailbox) {
      mailbox.deliver({}, "Cases");
      mailbox.moveFolder("Cases");
      mailbox.deliver({}, "Cases");
    },
    changes: ["moved inbox/Cases"],
    names: ["inbox/Cases"],
  },
  {
    what: "deleted, into Deleted Items",
    folders: ["inbox", ...path],
    change(mailbox) {
      mailbox.deliver({}, "Cases");
      mailbox.deleteFolder("Cases");
      mailbox.deliver();
    },
    changes: ["left inbox/Cases"],
    names: ["inbox/Cases", "inbox"],
    missing: true,
  },
  {
    what: "deleted for good",
    folders: ["inbox", ...path],
    change(mailbox) {
      mailbox.deleteFolder("Cases", { hard: true });
      mailbox.deliver();
    },
    changes: ["left inbox/Cases"],
    names: ["inbox"],
    missing: true,
  },
  {
    what: "deleted and made anew under the same name, with its mail moved over",
    folders: path,
    change(mailbox) {
      mailbox.deliver({}, "Cases");
      const ids = mailbox.messages("Cases").map(({ id }) => id);
      mailbox.deleteFolder("Cases");
      const anew = mailbox.addFolder("Cases", "inbox");
      for (const id of ids) mailbox.move(id, anew);
      mailbox.deliver(old, anew);
    },
    changes: ["appeared inbox/Cases", "left inbox/Cases"],
    names: ["inbox/Cases"],
  },
  {
    what: "renamed, and another one put at its path",
    folders: path,
    first: (mailbox) => mailbox.renameFolder("Cases", "Cases of last year"),
    change(mailbox) {
      mailbox.deliver({}, "Cases of last year");
      mailbox.deliver(old, mailbox.addFolder("cases", "inbox"));
    },
    changes: ["moved inbox/Cases", "appeared inbox/Cases", "left inbox/Cases"],
    names: ["inbox/Cases"],
  },
  {
    what: "made below a watched one, with old mail moved in",
    folders: tree,
    change(mailbox) {
      const inner = mailbox.addFolder("Inner", mailbox.addFolder("New", "inbox"));
      mailbox.deliver(old, inner);
      mailbox.deliver({}, "New");
    },
    changes: ["appeared inbox/New", "appeared inbox/New/Inner"],
    names: ["inbox/New", "inbox/New/Inner"],
  },
  {
    what: "moved into a watched tree with its mail",
    folders: tree,
    first(mailbox) {
      mailbox.deliver(old, mailbox.addFolder("Below", mailbox.addFolder("Outside")));
      mailbox.deliver(old, "Outside");
    },
    change: (mailbox) => mailbox.moveFolder("Outside", "Cases"),
    changes: ["appeared inbox/Cases/Outside", "appeared inbox/Cases/Outside/Below"],
    names: ["inbox/Cases/Outside", "inbox/Cases/Outside/Below"],
  },
  {
    what: "moved out of a watched tree with its mail, and back",
    folders: tree,
    first: (mailbox) => mailbox.moveFolder("Cases"),
    change(mailbox) {
      mailbox.deliver({}, "Cases");
      mailbox.moveFolder("Cases", "inbox");
    },
    changes: ["left inbox/Cases", "appeared inbox/Cases"],
    names: ["inbox/Cases"],
  },
  {
    what: "moved out of a watched tree with mail that no round had seen",
    folders: tree,
    change(mailbox) {
      mailbox.deliver({}, "Cases");
      mailbox.moveFolder("Cases");
    },
    changes: ["left inbox/Cases"],
    names: ["inbox/Cases"],
  },
  {
    what: "renamed within a watched tree, with one below it",
    folders: tree,
    first: (mailbox) => void mailbox.addFolder("Below", "Cases"),
    change(mailbox) {
      mailbox.deliver({}, "Below");
      mailbox.renameFolder("Cases", "Files");
      mailbox.deliver({}, "Below");
    },
    changes: ["appeared inbox/Cases/Below", "moved inbox/Cases"],
    names: ["inbox/Files/Below"],
  },
];

/** The mailbox as it was before anybody changed it, known to the first daemon. */
async function begin(scene: FolderScene, { folders, first }: Case) {
  const { mailbox } = scene;
  mailbox.addFolder("Cases", "inbox");
  const daemon = await scene.start(folders, { startFrom: "now" });
  await daemon.round();
  mailbox.deliver({}, "Cases");
  await daemon.round();
  first?.(mailbox);
  if (first) await daemon.round();
  return daemon;
}

const told = ({ changes }: FolderScene) => new Set(changes.map(({ change, folder }) => `${change} ${folder}`));

it.each(
  cases.flatMap((one) => [
    { ...one, cloud: "global" as const },
    { ...one, cloud: "china" as const },
  ]),
)("a watched folder ($cloud) is $what: its mail arrives once, and the change is told", async (one) => {
  const scene = await createFolderScene({ cloud: one.cloud });
  const { mailbox } = scene;
  const daemon = await begin(scene, one);
  const before = scene.handed.length;
  one.change(mailbox);
  const ids = mailbox.messages().map(({ id }) => id);
  for (let round = 1; round <= 2; round += 1) await daemon.round().catch(() => undefined);
  const handed = scene.handed.map(({ id }) => id);
  expect(new Set(handed)).toEqual(new Set([...handed.slice(0, before), ...ids]));
  expect(handed.length).toBe(new Set(handed).size);
  expect(new Set(scene.handed.slice(before).map(({ folder }) => folder))).toEqual(new Set(one.names));
  expect(scene.changes.map(({ change, folder }) => `${change} ${folder}`)).toEqual(one.changes);
  expect(scene.failed.some(({ code }) => code === "SYNC_FOLDER_NOT_FOUND")).toBe(one.missing === true);
});

it.each(cases)(
  "a watched folder is $what, and the daemon ends before it or at any commit that follows: nothing is lost or comes again",
  async (one) => {
    let ends = 0;
    for (let commit = 0; ; commit += 1) {
      const scene = await createFolderScene();
      const { mailbox } = scene;
      const first = await begin(scene, one);
      const before = scene.handed.map(({ id }) => id);
      first.endAt(commit);
      if (commit === 0) await first.stop();
      one.change(mailbox);
      const ids = mailbox.messages().map(({ id }) => id);
      if (commit > 0) await first.round().catch(() => undefined);
      await first.stop();
      const second = await scene.start(one.folders, { startFrom: "now" });
      for (let round = 1; round <= 3; round += 1) await second.round().catch(() => undefined);
      const why = `the first daemon ended at commit ${commit}`;
      expect(new Set(scene.handed.map(({ id }) => id)), why).toEqual(new Set([...before, ...ids]));
      expect(scene.again, why).toEqual([]);
      for (const change of one.changes) expect(told(scene), why).toContain(change);
      await second.stop();
      if (commit > 0 && !first.hasFailed) break;
      ends += 1;
    }
    expect(ends).toBeGreaterThan(2);
  },
);

it.each(cases)(
  "a watched folder is $what, and the store fails once at any commit that follows: nothing is lost or comes again",
  async (one) => {
    let failures = 0;
    for (let commit = 1; ; commit += 1) {
      const scene = await createFolderScene();
      const { mailbox } = scene;
      const daemon = await begin(scene, one);
      const before = scene.handed.map(({ id }) => id);
      daemon.failAt(commit);
      one.change(mailbox);
      const ids = mailbox.messages().map(({ id }) => id);
      // The store is looked at again after some seconds.
      for (let round = 1; round <= 4; round += 1) {
        await daemon.round().catch(() => undefined);
        await scene.pass(10_000);
      }
      const why = `commit ${commit} failed`;
      expect(new Set(scene.handed.map(({ id }) => id)), why).toEqual(new Set([...before, ...ids]));
      expect(scene.again, why).toEqual([]);
      for (const change of one.changes) expect(told(scene), why).toContain(change);
      await daemon.stop();
      if (!daemon.hasFailed) break;
      failures += 1;
    }
    expect(failures).toBeGreaterThan(1);
  },
);
