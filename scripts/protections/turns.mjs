/** What protects queues whose turns go around among processes: who has a turn, what is known of it, and what goes along with it. */

const pathTest = "test/path/turns-around.test.ts";
const troubleTest = "test/path/turns-around-trouble.test.ts";
const limitsTest = "test/path/turns-around-limits.test.ts";
const heldTest = "test/unit/schedule/held-turns.test.ts";

/** @type {readonly import("./copy.mjs").Protection[]} */
export const turns = [
  {
    protection: "what a daemon commits that has not heard yet that its turn is another's is refused",
    file: "src/delivery/ledger.ts",
    find: "store.commit({ checks: [{ key: epochKey(this.queueKey), version: this.#epoch }], ...change })",
    replace: "store.commit(change)",
    test: [pathTest, "a daemon that has not heard yet that its turn is another's settles nothing"],
  },
  {
    protection: "each request of a turn asks whether the turn is this process's still",
    file: "src/schedule/session.ts",
    find: "    confirm: options.confirmSend,\n",
    replace: "",
    test: [troubleTest, "marks that wait for another try are not sent by a daemon that has lost the turn"],
  },
  {
    protection: "a pause that Graph asked for outlives the turn, whose commits may fail",
    file: "src/daemon/shared-queue.ts",
    find: "      bar: this.#bar,\n      recordPause: (bar) => this.#recordPause(bar),\n",
    replace: "",
    test: [troubleTest, "a pause that Graph asks for while the store is away holds when it is back"],
  },
  {
    protection: "a pause that Graph asks for while its queue stops here is written all the same",
    file: "src/daemon/shared-queue.ts",
    find: "signal: this.#quiet.signal",
    replace: "signal: this.#ended.signal",
    test: [troubleTest, "a pause that Graph asks for during a stop holds for whoever has the next turn (delta)"],
  },
  {
    protection: "after turnMaxMs a turn takes no new deliveries",
    file: "src/daemon/shared-turn.ts",
    find: "        running.session.dispatcher.pause();\n",
    replace: "",
    test: [pathTest, "a turn takes no new deliveries after turnMaxMs, and ends when the last is settled"],
  },
  {
    protection: "what handlers decide is written, though the turn is lost while the store is away",
    file: "src/daemon/shared-turn.ts",
    find: "running.lose(turn.signal.reason)",
    replace: "running.abandon(turn.signal.reason)",
    test: [
      troubleTest,
      "what was decided before the turn was lost, with the store away, is settled when it is back, and marked once by the next",
    ],
  },
  {
    protection: "a handler that throws for its signal decides nothing",
    file: "src/delivery/dispatcher.ts",
    find: 'ending.ended.aborted ? { kind: "cut-off" } : ',
    replace: "",
    test: [troubleTest, "a handler that throws for the signal of its lost turn has decided nothing: the message comes again"],
  },
  {
    protection: "what was decided in a lost turn is written before the same process takes the queue again",
    file: "src/daemon/shared-queue.ts",
    find: "if (this.#unsettled.size > 0)",
    replace: "if (this.#unsettled.size > 1_000)",
    test: [troubleTest, "what was decided in a lost turn is settled before the same daemon takes the queue again"],
  },
  {
    protection: "after a time without Redis nobody takes a turn over before its holder could write",
    file: "src/schedule/stalled-turns.ts",
    find: "next(Math.max(0, Math.min(patienceMs, ",
    replace: "next(Math.min(0, Math.max(patienceMs, ",
    test: [
      "test/unit/schedule/stalled-turns.test.ts",
      "when the way is open again no look comes before those that lost their turns had time to write",
    ],
  },
  {
    protection: "a turn whose lock is over by this process's own clock is lost, without asking",
    file: "src/schedule/held-turns.ts",
    find: "if (believedMs(one) >= lockMs) lose(one,",
    replace: "if (believedMs(one) >= 100 * lockMs) lose(one,",
    test: [heldTest, "a process that was frozen for longer than the lock believes nothing, without asking"],
  },
  {
    protection: "a renewal counts from when it was asked for",
    file: "src/schedule/held-turns.ts",
    find: "one.renewedAt = asked;",
    replace: "one.renewedAt = moment();",
    test: [heldTest, "a renewal counts from when it was asked for, not from its answer"],
  },
  {
    protection: "what a mailbox was asked in one turn counts in the next",
    file: "src/schedule/session.ts",
    find: "    memory: memory?.gate,\n",
    replace: "",
    test: [limitsTest, "a mailbox is asked as much in ten minutes as it is allowed and no more, whoever has the turn"],
  },
  {
    protection: "what is sent while a turn ends counts in the next",
    file: "src/daemon/shared-turn.ts",
    find: "counter.requests > left.requests)",
    replace: "counter.requests < left.requests)",
    test: [limitsTest, "what is marked as a turn ends counts in the next"],
  },
  {
    protection: "pauses of which Graph names no end grow from turn to turn",
    file: "src/graph/gate.ts",
    find: "this.unnamedCount = memory?.unnamed ?? 0;",
    replace: "this.unnamedCount = 0;",
    test: [limitsTest, "pauses of which Graph names no end grow from turn to turn, until it answers"],
  },
  {
    protection: "what was recorded after what the last turn left counts as well",
    file: "src/graph/gate.ts",
    find: "if (untold > 0) this.#budget.spend(untold);",
    replace: "",
    test: [
      "test/unit/schedule/session.test.ts",
      "after a turn that ended with its process what it recorded counts, with what the turn before left in it",
    ],
  },
  {
    protection: "one refresh of an account at a time, over all processes",
    file: "src/auth/refresh-lease.ts",
    find: 'const isFree = typeof until !== "number" ||',
    replace: 'const isFree = typeof until !== "symbol" ||',
    test: ["test/unit/auth/refresh-lease.test.ts", "lets the second wait, and tells it that the record has changed meanwhile"],
  },
  {
    protection: "who waited for another process's refresh looks again whether Entra wants a pause",
    file: "src/auth/renewal.ts",
    find: "    await bar.throwIfEntraBarred();\n",
    replace: "",
    test: ["test/unit/auth/among-processes.test.ts", "a process that waited for another's refresh keeps to the pause that Entra asked for"],
  },
  {
    protection: "each turn looks whether the account was signed out elsewhere",
    file: "src/daemon/shared-queue.ts",
    find: ", tokens.followRecord()]",
    replace: "]",
    test: [troubleTest, "a queue that one process signs out is read by none, until it is signed in again"],
  },
];
