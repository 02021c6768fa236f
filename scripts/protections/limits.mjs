/** What keeps an application within Graph's limits: fair places, pauses of all, the ten seconds' budget, and how requests are repeated. */

const governorTest = "test/unit/graph/governor.test.ts";
const pathTest = "test/path/application-pause.test.ts";
const retryTest = "test/unit/graph/retry.test.ts";

/** @type {readonly import("./copy.mjs").Protection[]} */
export const limits = [
  {
    protection: "of those who wait one of every lane is served in turn",
    file: "src/graph/fair-order.ts",
    find: "      waiting.delete(lane);\n",
    replace: "      if (items.filter(({ gone }) => !gone).length < 2) waiting.delete(lane);\n",
    test: [governorTest, "places are given to one of every mailbox in turn: a flood takes its share and no more"],
  },
  {
    protection: "each mailbox is a lane of its own",
    file: "src/graph/gate.ts",
    find: "governor.enter({ lane: this,",
    replace: "governor.enter({ lane: 1,",
    test: [governorTest, "places are given to the gates of mailboxes in turn, however much waits behind one of them"],
  },
  {
    protection: "marks and what a host waits for go before backlog",
    file: "src/graph/fair-order.ts",
    find: '= ["urgent", "backlog", "sweep"]',
    replace: '= ["backlog", "urgent", "sweep"]',
    test: [pathTest, "where places are few a host's pollNow and marks go before the backlog of all others, which goes on"],
  },
  {
    protection: "nothing is sent during a pause of all",
    file: "src/graph/governor.ts",
    find: "return Math.max(pause.leftMs, budget.waitMs(cost));",
    replace: "return budget.waitMs(cost);",
    test: [
      governorTest,
      "a pause of all begins when many mailboxes are refused at once, lasts as long as most were told, and is told once",
    ],
  },
  {
    protection: "a pause is no shorter for a process that is held up between two looks at its clocks",
    file: "src/graph/bar.ts",
    find: `    const leftMs = until - this.#clock.now();
    const endsAt = this.#clock.ticks() + leftMs;
`,
    replace: `    const endsAt = this.#clock.ticks() + until - this.#clock.now();
`,
    test: ["test/unit/graph/bar.test.ts", "a pause ends no earlier for a process that is held up while it is taken in"],
  },
  {
    protection: "many mailboxes refused at once are a pause of all",
    file: "src/graph/governor.ts",
    find: "const until = fence.raised();",
    replace: "const until = undefined as number | undefined;",
    test: [
      pathTest,
      "where Graph refuses many mailboxes at once nothing is asked of any until the pause is over, and then all have their mail",
    ],
  },
  {
    protection: "one mailbox that is refused is no reason for a pause of all",
    file: "src/graph/fence.ts",
    find: "mailboxes < manyMailboxes || refused.length < (refused.length + served) * mostAnswers",
    replace: "mailboxes < 1",
    test: [pathTest, "one mailbox that is refused again and again holds up itself alone"],
  },
  {
    protection: "a pause of all is committed",
    file: "src/daemon/governance.ts",
    find: "write: (value) => writeLonger(store, pauseKey, value, clock),",
    replace: "write: () => store.commit({ puts: [] }),",
    test: [pathTest, "the pause of all is kept over a restart, for mailboxes that were not refused themselves as well"],
  },
  {
    protection: "a pause of all is kept over a restart",
    file: "src/daemon/governance.ts",
    find: "    governor.keep(kept);",
    replace: "",
    test: [pathTest, "the pause of all is kept over a restart, for mailboxes that were not refused themselves as well"],
  },
  {
    protection: "no ten seconds hold more requests than the application is allowed",
    file: "src/graph/governor.ts",
    find: "budget.spend(cost);",
    replace: "",
    test: [governorTest, "no ten seconds hold more requests than the application is allowed, a batch counted with its parts"],
  },
  {
    protection: "queues that begin together are spread, each to its own place",
    file: "src/schedule/cadence.ts",
    find: "if (isHeldUp) return beyondMs;",
    replace: "if (isHeldUp && beyondMs <= intervalMs - stepMs) return beyondMs;",
    test: [
      "test/unit/schedule/spread.test.ts",
      "the first rounds of many queues come one after another behind the first few, and the later ones make a level line",
    ],
  },
  {
    protection: "a request is not repeated before the time that Graph named",
    file: "src/graph/retry.ts",
    find: "Math.max(pauseOf(error), backoffMs(clock, attemptNumber, backoff))",
    replace: "backoffMs(clock, attemptNumber, backoff)",
    test: [retryTest, "a time before which nothing may be asked is never undercut by a repetition"],
  },
  {
    protection: "no try begins later than three minutes after the first",
    file: "src/graph/retry.ts",
    find: "clock.ticks() + pauseOf(error) < endsAt && ",
    replace: "endsAt > 0 && ",
    test: [retryTest, "a failed call is not begun again when three minutes have passed since the first try: while it waits"],
  },
  {
    protection: "a stop ends the wait between two tries",
    file: "src/graph/retry.ts",
    find: "backoffMs(clock, attemptNumber, backoff)), signal);",
    replace: "backoffMs(clock, attemptNumber, backoff)));",
    test: ["test/path/long-pause.test.ts", "a stop ends a wait between two tries of a request at once, and the request is not repeated"],
  },
  {
    protection: "the doctor begins no round of a folder whose rounds go on",
    file: "src/daemon/doctor/mailbox.ts",
    find: "if (lastAt > 0) return ok(",
    replace: "if (lastAt < 0) return ok(",
    test: [
      "test/path/doctor.test.ts",
      "of a running daemon it asks through the queue's own gate, begins no round of its own, and finds the store to be ours",
    ],
  },
  {
    protection: "the doctor keeps to a pause that a mailbox asked for before",
    file: "src/daemon/doctor/queue.ts",
    find: "if (kept) gate.keep(kept);",
    replace: "",
    test: ["test/path/doctor.test.ts", "a mailbox that asked for a pause is not asked, by this daemon or by one beside it"],
  },
];
