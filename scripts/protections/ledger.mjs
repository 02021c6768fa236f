/** What keeps the ledger true: one commit, nothing twice, nobody else's writes; and what a crash counts for. */

const ledgerTest = "test/unit/delivery/ledger.test.ts";
const suspectsTest = "test/unit/delivery/suspects.test.ts";
const redisTest = "test/faults/redis-store.test.ts";
const dispatcherTest = "test/unit/delivery/dispatcher.test.ts";

/** @type {readonly import("./copy.mjs").Protection[]} */
export const ledger = [
  {
    protection: "the cursor is written with its page's entries, never before",
    file: "src/delivery/ledger.ts",
    find: "if (puts.length > 0) await this.#commits.add({ puts, deletes });",
    replace:
      "if (cursor) await this.#commits.add({ puts: puts.splice(0, 1) });\nif (puts.length > 0) await this.#commits.add({ puts, deletes });",
    test: [ledgerTest, "a page's entries and its cursor are one commit"],
  },
  {
    protection: "what the ledger knows is not recorded again",
    file: "src/delivery/ledger.ts",
    find: 'if (this.open.has(id) || (before.has(id) && before.get(id)?.final?.state !== "gone")) continue;',
    replace: "",
    test: [
      "test/path/pause.test.ts",
      "a forgotten cursor begins a new walk: mail in the gap is delivered, known mail is not delivered again",
    ],
  },
  {
    protection: "what was there before the queue went live is recorded as such",
    file: "src/delivery/ledger.ts",
    find: "        } else {\n          const final",
    replace: '        } else if (becomes !== "baseline") {\n          const final',
    test: [
      "test/unit/schedule/turn.test.ts",
      "a lost cursor is told, and the walk begins again: known mail is known, unknown mail is delivered",
    ],
  },
  {
    protection: "every commit checks the queue's epoch",
    file: "src/delivery/ledger.ts",
    find: "store.commit({ checks: [{ key: epochKey(this.queueKey), version: this.#epoch }], ...change })",
    replace: "store.commit({ ...change })",
    test: [ledgerTest, "after another opened the queue, no write of the first goes through, and its memory stays as it was"],
  },
  {
    protection: "an attempt is durable before the handler sees the message",
    file: "src/delivery/ledger.ts",
    find: "await this.#commits.add({ puts: started.map((entry) => this.#openPut(entry)), withinMs: settleWithinMs });",
    replace: "this.#commits.add({ puts: started.map((entry) => this.#openPut(entry)), withinMs: settleWithinMs }).catch(() => undefined);",
    test: [dispatcherTest, "an attempt is durable before the handler sees the message"],
  },
  {
    protection: "an attempt that ended with the process counts as a crash, not as an attempt",
    file: "src/delivery/ledger-opening.ts",
    find: "const crashes = entry.crashes + 1;",
    replace: "const crashes = entry.crashes;",
    test: [
      "test/unit/delivery/ledger-reload.test.ts",
      "an attempt that was under way at the end of the process is pending again and counts as a crash, not as an attempt",
    ],
  },
  {
    protection: "an epoch is raised over the one that was seen before the queue was confirmed to be ours",
    file: "src/delivery/ledger-opening.ts",
    find: "checks: [{ key, version: present?.version ?? null }]",
    replace: "checks: []",
    test: [
      "test/unit/delivery/ledger-reload.test.ts",
      "a process that was frozen between the confirmation and the raise of the epoch takes the queue from nobody",
    ],
  },
  {
    protection: "the suspects of a crash are delivered alone",
    file: "src/delivery/ledger-opening.ts",
    find: "suspect: true as const, ",
    replace: "",
    test: [suspectsTest, "what was in flight at a crash comes one at a time, oldest first, and is recorded as alone"],
  },
  {
    protection: "nothing ordinary begins beside a suspect",
    file: "src/delivery/solitude.ts",
    find: "return !closed;",
    replace: "return true;",
    test: [suspectsTest, "new mail begins between two suspects, never beside one, and is not recorded as alone"],
  },
  {
    protection: "only crashes of a message that was alone count against it",
    file: "src/delivery/settlements.ts",
    find: "isPoison: ({ loneCrashes = 0 }) => loneCrashes >= maxAttempts,",
    replace: "isPoison: ({ crashes }) => crashes >= maxAttempts,",
    test: [suspectsTest, "beside a handler that hangs in each life, the poison is still found, and the one that hangs is not blamed"],
  },
  {
    protection: "a message that ends the process goes to quarantine",
    file: "src/delivery/settlements.ts",
    find: "isPoison: ({ loneCrashes = 0 }) => loneCrashes >= maxAttempts,",
    replace: "isPoison: () => false,",
    test: [suspectsTest, "five crashes of one message never quarantine its neighbours, and it rests without a sixth delivery"],
  },
  {
    protection: "that a slow suspect has company is durable before the others go on",
    file: "src/delivery/solitude.ts",
    find: "if (mine.alone) await outstay();",
    replace: "if (mine.alone) void outstay();",
    test: [suspectsTest, "others go on only when it is durable that a slow suspect is not alone any more"],
  },
  {
    protection: "a store in trouble is asked again until it takes the end of a delivery",
    file: "src/delivery/insist.ts",
    find: "      unlessAway(error);\n",
    replace: "      throw error;\n",
    test: [dispatcherTest, "a store that is away for a while delays a settlement, which then is made once"],
  },
  {
    protection: "a copy whose end the store did not take is not forgotten",
    file: "src/delivery/ledger.ts",
    find: "      this.#copies.set(copy.copyOf, copy);\n",
    replace: "",
    test: [
      "test/unit/delivery/copy-and-store.test.ts",
      "the copy of one that is gone is delivered, though the store failed when it was to be opened",
    ],
  },
  {
    protection: "while the store is in trouble no page is asked for",
    file: "src/schedule/poller.ts",
    find: "const trouble = storeTrouble();",
    replace: "const trouble = undefined as MailError | undefined;",
    test: [
      "test/unit/schedule/poller-stale.test.ts",
      "while the store is in trouble no round begins, nothing is told a second time, and rounds come by themselves after it",
    ],
  },
  {
    protection: "a commit that failed did not happen, also where its answer was lost on the way",
    file: "src/state/redis.ts",
    find: "() => doubts.set(call.space, parameters[1] as number),",
    replace: "() => undefined,",
    test: [redisTest, "a commit that was written, but never answered, is taken back whole before anything else is read or written"],
  },
  {
    protection: "a commit that is sent again after a cut is carried out once",
    file: "src/state/redis-scripts.ts",
    find: "  if last[1] == number then return last[2] end\n",
    replace: "",
    test: [redisTest, "two stores over ways that are cut at random: none of their commits is lost, doubled or done by half"],
  },
];
