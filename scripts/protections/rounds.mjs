/** What keeps rounds and sweeps complete: Graph's silent gaps, dead cursors, loops, listings, other mailboxes. */

const roundsTest = "test/faults/rounds.test.ts";
const turnTest = "test/unit/schedule/turn.test.ts";
const lostCursorTest = "test/unit/schedule/lost-cursor.test.ts";
const sickTest = "test/unit/schedule/one-sick-folder.test.ts";
const sweepTest = "test/faults/sweep.test.ts";
const foldersTest = "test/path/folders.test.ts";
const another = "another mailbox behind the address is told and begins anew; what was restored of the old one does not come again";

/** @type {readonly import("./copy.mjs").Protection[]} */
export const rounds = [
  {
    protection: "`@removed` is looked at before it is believed",
    file: "src/schedule/sightings.ts",
    find: "const here = [...present, ...(await stillHere(work, doubtful))];",
    replace: "const here = [...present];",
    test: [
      roundsTest,
      "a message that came, left and came back between two rounds is shown as removed only, and is delivered all the same",
    ],
  },
  {
    protection: "an unknown message is delivered whatever its date, once the queue is live",
    file: "src/schedule/sightings.ts",
    find: 'if (live || startFrom === "everything"',
    replace: 'if (startFrom === "everything"',
    test: [turnTest, "with startFrom now the first walk delivers what was asked for, measured by the server's clock"],
  },
  {
    protection: "a lost cursor leads to a walk over again",
    file: "src/schedule/folder-round.ts",
    find: 'if (code === "SYNC_CURSOR_LOST" || code === "SYNC_ROUND_LOOPED") return',
    replace: 'if (code === "SYNC_ROUND_LOOPED") return',
    test: [
      roundsTest,
      "a cursor that dies with 410 SyncStateNotFound leaves no gap: what came meanwhile is delivered, what is known does not come again",
    ],
  },
  {
    protection: "that a cursor was lost is recorded at once",
    file: "src/schedule/folder-round.ts",
    find: "  await keepCursor(work, next);\n",
    replace: "",
    test: [
      lostCursorTest,
      "a cursor that was lost is told once and not asked for again, although the listing that stands in for its walk fails",
    ],
  },
  {
    protection: "a walk over again is counted before it is asked for",
    file: "src/schedule/walk.ts",
    find: "    await keepCursor(work, cursor);\n",
    replace: "",
    test: [turnTest, "that a cursor was lost is recorded before the new walk begins"],
  },
  {
    protection: "a folder is walked over again once an hour at most",
    file: "src/schedule/folder-round.ts",
    find: "const walkEveryMs = 3_600_000;",
    replace: "const walkEveryMs = 1;",
    test: [roundsTest, "a cursor that dies again and again leads to one walk over again an hour, and mail arrives all the same"],
  },
  {
    protection: "walks over again of many folders are spread",
    file: "src/schedule/pacer.ts",
    find: "return Math.max(0, freeAt - now - burst * gapMs);",
    replace: "return 0;",
    test: [roundsTest, "when a whole tenant's cursors die at once, the walks over again are spread, and every mailbox gets its mail"],
  },
  {
    protection: "a round that goes in circles is ended",
    file: "src/schedule/walk.ts",
    find: "guard.pass(page);",
    replace: "",
    test: [roundsTest, "a round that goes round in circles (the same link again and again) is ended, told, and costs no message"],
  },
  {
    protection: "the same messages under ever new links are a circle too",
    file: "src/mailbox/loop-guard.ts",
    find: 'throw looped("the same messages came again and again");',
    replace: "return;",
    test: [roundsTest, "a round that goes round in circles (ever new links to the same messages) is ended, told, and costs no message"],
  },
  {
    protection: "a page that Graph cannot make is asked for smaller",
    file: "src/schedule/walk.ts",
    find: "if (!pageSize.failed(error)) throw error;",
    replace: "throw error;",
    test: [roundsTest, "a page that is too big is asked for in smaller ones, at once, and grows again"],
  },
  {
    protection: "a folder of which Graph cannot make a page even of one message is listed",
    file: "src/schedule/folder-round.ts",
    find: "const isOfOneMessage = isForPage(error) && work.session.pageSizesOf(work.folder).round.exhausted;",
    replace: "const isOfOneMessage = isForPage(undefined);",
    test: [turnTest, "a folder of which Graph cannot make a page even of one message is listed, and its mail delivered"],
  },
  {
    protection: "a full mailbox, which refuses delta, is listed",
    file: "src/schedule/folder-round.ts",
    find: "fullMailbox.has(serviceCode.toLowerCase())",
    replace: "false",
    test: [roundsTest, "a full mailbox, which refuses delta, is listed; it goes back to delta by itself, and nothing is lost or doubled"],
  },
  {
    protection: "a page of a listing begins at a time, not at a number of messages",
    file: "src/mailbox/listing.ts",
    find: "const moved = last !== undefined && secondOf(last) !== (to === undefined ? undefined : secondOf(to));",
    replace: "const moved = false as boolean;",
    test: ["test/unit/mailbox/listing.test.ts", "a listing misses nothing when messages leave while it is under way"],
  },
  {
    protection: "what comes again under another id is recognised",
    file: "src/schedule/copies.ts",
    find: "if (unknown.length === 0) return new Map();",
    replace: "if (unknown.length >= 0) return new Map();",
    test: [roundsTest, another],
  },
  {
    protection: "a message counts as a copy only while the first is not there",
    file: "src/schedule/copies.ts",
    find: "if (look) return !look.found;",
    replace: "if (look) return true;",
    test: [
      lostCursorTest,
      "two messages that share Message-ID and time are both delivered: a copy is one only while the first is not there",
    ],
  },
  {
    protection: "whose mailbox lies behind the address is compared",
    file: "src/schedule/mailbox-owner.ts",
    find: 'if (before === owner) return "same";',
    replace: 'if (before !== undefined) return "same";',
    test: [roundsTest, another],
  },
  {
    protection: "trouble of one folder keeps the others neither from their rounds nor from the sweep",
    file: "src/schedule/turn.ts",
    find: "if (signal.aborted || !mayBeOfOneFolder(error)) throw error;",
    replace: "throw error;",
    test: [
      "test/faults/missing-folder.test.ts",
      "a watched folder that Graph refuses keeps neither the mail of the others waiting nor their sweep",
    ],
  },
  {
    protection: "a sweep passes a folder over that it cannot list",
    file: "src/schedule/sweep.ts",
    find: "if (this.#listing && !this.#listing.complete && mayBeOfOneFolder(error)) {",
    replace: "if (this.#listing?.complete) {",
    test: [
      sickTest,
      "a folder that cannot be listed is passed over by the sweep, with what was listed of it, and told; the others are compared",
    ],
  },
  {
    protection: "a sweep leaves a folder alone until its first walk is complete",
    file: "src/schedule/sweep-listing.ts",
    find: "?.live === true;",
    replace: "?.live !== null;",
    test: [sickTest, "the old mail of a folder that appears is old to a sweep as well, though that comes before the first walk"],
  },
  {
    protection: "a link of no use leads to a walk over again, though the folder is the same",
    file: "src/schedule/folder-round.ts",
    find: 'return code === "SYNC_FOLDER_NOT_FOUND" || (before',
    replace: "return (before",
    test: [
      "test/unit/schedule/link-of-a-gone-folder.test.ts",
      "a link that Graph refuses with 404 is given up, though the folder has kept its id",
    ],
  },
  {
    protection: "a sweep comes by itself",
    file: "src/schedule/sweep.ts",
    find: "return clock.now() >= this.#dueAt;",
    replace: "return false;",
    test: [sweepTest, "a sweep comes by itself, in its interval, and leaves what is younger than five minutes to the rounds"],
  },
  {
    protection: "what only the sweep found is recorded and delivered",
    file: "src/schedule/sweep-verdict.ts",
    find: 'ledger.record(candidates.map((candidate) => ({ ...candidate, becomes: "pending" })))',
    replace: "ledger.record([])",
    test: [sweepTest, "a message that no round shows is found by a sweep, told and delivered"],
  },
  {
    protection: "a scheduled sweep leaves young mail to the rounds",
    file: "src/schedule/sweep-listing.ts",
    find: "const youngMs = 5 * 60_000;",
    replace: "const youngMs = 0;",
    test: [sweepTest, "a sweep comes by itself, in its interval, and leaves what is younger than five minutes to the rounds"],
  },
  {
    protection: "a round comes between the listing and its verdict",
    file: "src/schedule/sweep.ts",
    find: "await sweep.next(work);\n      return true;",
    replace: "await sweep.next(work);\n      if (!sweep.complete) return true;",
    test: [sweepTest, "what a round brings between the listing and its verdict is not found by the sweep"],
  },
  {
    protection: "a listing that is short of Graph's count is made again",
    file: "src/schedule/sweep-listing.ts",
    find: "if (short > 0 && !again) {",
    replace: "if (short > 0 && again) {",
    test: [sweepTest, "a folder whose list is short of its count is listed again in small pages, and the sweep finds what was left out"],
  },
  {
    protection: "what the ledger keeps is dropped only after ninety days of absence",
    file: "src/schedule/sweep-verdict.ts",
    find: "const pruneAfterMs = 90 * 86_400_000;",
    replace: "const pruneAfterMs = 0;",
    test: [sweepTest, "what the ledger keeps of a message is dropped only after ninety days of sweeps without it"],
  },
  {
    protection: "what looks like another's change is looked at by id before it is told",
    file: "src/schedule/foreign-changes.ts",
    find: "if (look?.found) await tell(work, id, final, await confirmed(work, final, look.item));",
    replace:
      "const shown = items.find((item) => item.id === id);\nif (look && shown) await tell(work, id, final, differences(final, shown.properties));",
    test: [
      "test/unit/schedule/foreign-changes.test.ts",
      "a page that shows a message as it was before its mark is our own echo: nothing is told",
    ],
  },
  {
    protection: "what appears below a watched folder is new mail, whatever its date",
    file: "src/schedule/found-folders.ts",
    find: "return { ...begin, live: true,",
    replace: "return { ...begin,",
    test: [
      foldersTest,
      "a folder below another is told by its path; what is there at first is governed by startFrom, what appears later is all new",
    ],
  },
  {
    protection: "a folder that is not watched any more has a last round",
    file: "src/schedule/found-folders.ts",
    find: "folders: [...found.folders, ...leaving],",
    replace: "folders: found.folders,",
    test: [
      "test/faults/folders.test.ts",
      "a watched folder ('global') is 'deleted, into Deleted Items': its mail arrives once, and the change is told",
    ],
  },
  {
    protection: "a mailbox that is away for a while takes no folder along",
    file: "src/schedule/found-folders.ts",
    find: "(error.status === undefined || (await mailboxAnswers(work.client, search.mailbox, work.signal)))",
    replace: "true",
    test: [foldersTest, "a mailbox that is away for a while takes no folder of a tree along, and brings no old mail as new"],
  },
  {
    protection: "a folder that two entries name is walked once",
    file: "src/schedule/found-folders.ts",
    find: ".filter(({ id }) => !claimed.has(id));",
    replace: ";",
    test: [foldersTest, "a folder that two entries name is watched once, and that is told once"],
  },
  {
    protection: "a move between watched folders is no move away",
    file: "src/delivery/foreign.ts",
    find: "if (watched.includes(parentFolderId)) return",
    replace: "if (watched.length < 0) return",
    test: [foldersTest, "mail that moves from one watched folder to another before its delivery is no mail that was moved away"],
  },
];
