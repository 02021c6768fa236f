/** What keeps deliveries and marks true, and Graph's pauses: settle first, mark after; nothing is believed at once. */

const marksTest = "test/faults/marks.test.ts";
const onDemandTest = "test/unit/delivery/on-demand.test.ts";
const loaderTest = "test/unit/delivery/loader.test.ts";

/** @type {readonly import("./copy.mjs").Protection[]} */
export const deliveries = [
  {
    protection: "a dispatcher with anything left is not let go of",
    file: "src/delivery/on-demand.ts",
    find: "return inFlightCount + waitingCount === 0;",
    replace: "return inFlightCount + waitingCount >= 0;",
    test: [onDemandTest, "one that has anything left is kept: in flight, retrying, or paused before its delivery"],
  },
  {
    protection: "an outbox with anything left is not let go of",
    file: "src/delivery/on-demand.ts",
    find: "return isEmpty;",
    replace: "return isEmpty || true;",
    test: [onDemandTest, "an outbox is let go of only when its marks are made and recorded"],
  },
  {
    protection: "a settlement resolves when it is durable, not before",
    file: "src/delivery/delivery.ts",
    find: "await settlement;",
    replace: "settlement.catch(() => undefined);",
    test: ["test/unit/delivery/delivery.test.ts", "no settlement resolves before the first is durable"],
  },
  {
    protection: "a mark is ordered after its settlement is durable",
    file: "src/delivery/settlements.ts",
    find: 'const marking = await durable(() => ledger.settle(entry, { outcome: "settled", mark }));',
    replace:
      'const marking = mark && { ...entry, state: "marking" as const, mark };\nif (marking) onMark(marking);\nawait durable(() => ledger.settle(entry, { outcome: "settled", mark }));',
    test: ["test/unit/delivery/dispatcher.test.ts", "a handler that resolves settles, and the mark is ordered when that is durable"],
  },
  {
    protection: "a message rests in quarantine after its last attempt",
    file: "src/delivery/settlements.ts",
    find: 'if (verdict.kind === "retry" && entry.attempts < maxAttempts) return',
    replace: 'if (verdict.kind === "retry") return',
    test: ["test/unit/delivery/dispatcher-retry.test.ts", "the last attempt's failure puts it into quarantine, with the mark for that"],
  },
  {
    protection: "a failing message holds its conversation for a minute at most",
    file: "src/delivery/next-attempt.ts",
    find: "room.free(held);\n    later(delayMs",
    replace: "later(delayMs",
    test: ["test/unit/delivery/dispatcher-retry.test.ts", "a failure that is to be repeated late holds its conversation for one minute"],
  },
  {
    protection: "a 404 is asked again for fifteen minutes before it is believed",
    file: "src/delivery/doubts.ts",
    find: "if (forMs < believeMs) return {",
    replace: "if (forMs < 0) return {",
    test: [loaderTest, "a message that is not there is asked for again for fifteen minutes, and then it is gone"],
  },
  {
    protection: "a 404 is believed only where a listing does not show the message either",
    file: "src/delivery/doubts.ts",
    find: 'if (presence.kind === "absent") return { kind: "gone" };',
    replace: 'if (presence.kind !== "listed") return { kind: "gone" };',
    test: [loaderTest, "a 404 is not believed while a listing fails"],
  },
  {
    protection: "a damaged message is delivered with what can be had of it",
    file: "src/delivery/doubts.ts",
    find: "if (!isAboutMessage(error) || !isEnough) return again;",
    replace: "if (isEnough || !isEnough) return again;",
    test: ["test/unit/delivery/doubts.test.ts", "a message that Graph calls damaged is delivered reduced after a second try"],
  },
  {
    protection: "trouble of the whole mailbox is no verdict on a message",
    file: "src/delivery/doubts.ts",
    find: "if (!isAboutMessage(error) || !isEnough) return again;",
    replace: "if (!isEnough) return again;",
    test: [
      "test/unit/delivery/doubts.test.ts",
      "what is said of the mailbox or the sign-in (GRAPH_THROTTLED) is never held against a message",
    ],
  },
  {
    protection: "a replayed message's own marks are not told as another's",
    file: "src/delivery/foreign.ts",
    find: "if (replayedAt !== undefined) return [];",
    replace: "",
    test: ["test/unit/delivery/foreign.test.ts", "a replayed message may have marks of ours, so nothing is said of it"],
  },
  {
    protection: "marks that were not made before the end are made after it",
    file: "src/schedule/session.ts",
    find: 'if (entry.state === "marking") outbox.add(entry);',
    replace: 'if (entry.state === "marking") continue;',
    test: ["test/unit/schedule/session.test.ts", "what the last owner left is delivered and marked"],
  },
  {
    protection: "categories are read before they are written",
    file: "src/mailbox/marker.ts",
    find: "const body = changes(mark, categories);",
    replace: "const body = changes(mark, categories && []);",
    test: ["test/unit/mailbox/marker.test.ts", "a mark of categories adds them and leaves the others"],
  },
  {
    protection: "categories are written only over the version they were read from",
    file: "src/mailbox/marker.ts",
    find: '("categories" in body && version !== undefined ? { ifMatch: version } : {})',
    replace: '("categories" in body && version === "" ? { ifMatch: version } : {})',
    test: [marksTest, "categories that a person adds between our reading and our writing stay"],
  },
  {
    protection: "a message is changed before it is moved",
    file: "src/mailbox/marker.ts",
    find: "  async function allSteps(): Promise<void> {\n",
    replace:
      '  async function allSteps(): Promise<void> {\n    await step(({ id, mark }) => (mark.moveTo === undefined ? undefined : { method: "POST", path: path(id).concat("/move"), body: { destinationId: mark.moveTo } }), resultOf);\n',
    test: [marksTest, "a message is changed first and moved then"],
  },
  {
    protection: "what has vanished needs no mark",
    file: "src/mailbox/marker.ts",
    find: "return isNotFound(result) ? { done: true, vanished: true } : result;",
    replace: "return result;",
    test: ["test/unit/mailbox/marker.test.ts", 'a message that is not there needs no mark, and is told as vanished: {"markRead":true}'],
  },
  {
    protection: "a message counts as vanished only while its mailbox is there",
    file: "src/delivery/outbox.ts",
    find: 'else if (verdict === "believed" && isThere)',
    replace: 'else if (verdict === "believed")',
    test: [
      "test/unit/delivery/outbox-vanished.test.ts",
      "no message is believed to have vanished while the mailbox itself is not there, and its mark comes with the mailbox",
    ],
  },
  {
    protection: "a move that was made although its answer was lost is not made again",
    file: "src/mailbox/marker.ts",
    find: "if (doubted.length > 0) await lookFor(doubted);",
    replace: "",
    test: [
      "test/unit/mailbox/marker.test.ts",
      "a move that Graph does not find with 404, although it was made and only its answer lost, is done",
    ],
  },
  {
    protection: "a mark that can never be made is told and let go of",
    file: "src/delivery/mark-verdict.ts",
    find: 'if (error.code === "GRAPH_REFUSED" && !result.asWhole) return "failed";',
    replace: 'if (error.code === "GRAPH_REFUSED" && !result.asWhole) return "again";',
    test: ["test/unit/delivery/outbox.test.ts", "a mark that is refused for good is told once and let go of, and the others go on"],
  },
  {
    protection: "an order that spoils its batch is found by halving",
    file: "src/delivery/outbox.ts",
    find: 'error.scope !== "call") throw error;',
    replace: 'error.scope !== "none") throw error;',
    test: [
      "test/unit/delivery/outbox.test.ts",
      "an order that spoils the request for all is found, tried ten times and let go of; the others are made",
    ],
  },
  {
    protection: "a 429 closes the whole mailbox",
    file: "src/graph/gate.ts",
    find: "if (this.#pause.extend(bar)) this.#options.onBar?.(bar);",
    replace: "this.#options.onBar?.(bar);",
    test: [
      "test/unit/graph/client-pause.test.ts",
      "a pause that Graph names keeps everything else of that mailbox waiting too, and nothing of another",
    ],
  },
  {
    protection: "never more than four requests of a mailbox at once",
    file: "src/graph/gate.ts",
    find: "createPlaces({ clock, width: options.width, onEnter: enterGate })",
    replace: "createPlaces({ clock, width: 2 * options.width, onEnter: enterGate })",
    test: ["test/unit/graph/gate.test.ts", "places of width 4 let that many singles in at once, and the next when one ends"],
  },
  {
    protection: "a batch takes the whole gate",
    file: "src/graph/gate.ts",
    find: 'return this.lane === "batch" ? Math.max(1, this.#width - this.#streams.held) : 1;',
    replace: "return 1;",
    test: ["test/unit/graph/gate.test.ts", "places are all taken by a batch: it waits for the singles under way, and singles wait for it"],
  },
  {
    protection: "bytes under way to a host keep their place until they end",
    file: "src/base/held-until.ts",
    find: "if (held) void held.then(leave);",
    replace: "if (held) leave();",
    test: ["test/unit/graph/gate-streams.test.ts", "a stream keeps its place until it ends, not until its work does"],
  },
  {
    protection: "a stream that nobody reads gives its place to others",
    file: "src/base/body-stream.ts",
    find: 'watch(unreadMs, () => breakOff(controller, failure("unread")));',
    replace: "watch(unreadMs, () => undefined);",
    test: [
      "test/unit/mailbox/mailbox-content.test.ts",
      "the bytes of an attachment that nobody reads give their place to others, and say so when somebody does",
    ],
  },
  {
    protection: "streams leave places to rounds and marks",
    file: "src/graph/stream-places.ts",
    find: "width: Math.max(1, Math.floor(this.#width / 2))",
    replace: "width: this.#width",
    test: ["test/unit/graph/gate-streams.test.ts", "of four places streams get two; a third waits and keeps nobody else waiting"],
  },
  {
    protection: "a pause that Graph asks for is committed",
    file: "src/schedule/session.ts",
    find: "const write = (value: Value) => ledger.write({ puts: [{ key: barKey, value }] });",
    replace: "const write = (_: Value) => ledger.write({ puts: [] });",
    test: ["test/unit/schedule/session.test.ts", "a pause that Graph asks for is told and committed"],
  },
  {
    protection: "a pause that Graph asked for is kept over a restart",
    file: "src/schedule/session.ts",
    find: "for (const bar of [kept, options.bar]) if (bar) gate.keep(bar);",
    replace: "",
    test: ["test/path/pause.test.ts", "a pause that Graph asked for is kept over a restart"],
  },
  {
    protection: "a replay on the store is made by its owner",
    file: "src/daemon/offline.ts",
    find: "const ownership = await takeOwnership(store, { clock, onLost: () => undefined });",
    replace: "const ownership = { confirm: async () => undefined, release: async () => undefined };",
    test: ["test/unit/daemon/offline.test.ts", "a replay is refused while another owns the store, and changes nothing"],
  },
];
