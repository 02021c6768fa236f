/** What keeps marks exact over crashes and lost answers, with folders that are made and deletions for good. */

const crashTest = "test/faults/marks-crash.test.ts";
const stepsTest = "test/faults/marks-steps.test.ts";
const foldersTest = "test/unit/mailbox/target-folders.test.ts";

/** @type {readonly import("./copy.mjs").Protection[]} */
export const marks = [
  {
    protection: "a deletion for good whose answer was lost counts as made",
    file: "src/mailbox/marker.ts",
    find: "(destinations.has(index) ? resultOf(answer) : vanishedIsDone(answer)),",
    replace: "resultOf(answer),",
    test: [
      "test/unit/mailbox/marker.test.ts",
      "trouble that loses the answer of a deletion for good leaves the message deleted once, and its repetition finds nothing",
    ],
  },
  {
    protection: "a folder that somebody else made first, or whose answer was lost, is looked for again",
    file: "src/mailbox/target-folders.ts",
    find: "const found = error.status === 409 ? await this.#findTaken(place) : undefined;",
    replace: "const found = undefined as string | undefined;",
    test: [foldersTest, "a folder whose making was answered by nobody is found all the same"],
  },
  {
    protection: "a folder is called missing only while the mailbox itself answers",
    file: "src/mailbox/target-folders.ts",
    find: "if (isTop && !(await mailboxAnswers(",
    replace: "if (parent === isTop.toString() && !(await mailboxAnswers(",
    test: [foldersTest, "a folder is not called missing while the mailbox itself is not there"],
  },
  {
    protection: "what was remembered of a folder is asked for again once a move does not find it",
    file: "src/mailbox/marker.ts",
    find: 'if (moveTo !== undefined && where !== "there") targets.forget(moveTo);',
    replace: "",
    test: [foldersTest, "what was found is asked for again once a move does not find it (ErrorFolderNotFound)"],
  },
  {
    protection: "a mark that came with a settlement is durable with it",
    file: "src/delivery/settlements.ts",
    find: "const mark = mergedMark(options.afterAck, given);",
    replace: "const mark = mergedMark(options.afterAck, given && undefined);",
    test: [crashTest, "marks that came with the settlements are made by the next process as they were given"],
  },
  {
    protection: "our own move into a watched folder is not told as somebody else's",
    file: "src/schedule/foreign-changes.ts",
    find: 'return folderId === undefined || item.parentFolderId === folderId ? changes.filter((change) => change !== "moved") : changes;',
    replace: "return item.parentFolderId === folderId ? changes : changes;",
    test: [
      stepsTest,
      "mail that is moved into another watched folder by 'a path' is neither delivered again nor told as moved, over rounds, sweeps and a restart",
    ],
  },
];
