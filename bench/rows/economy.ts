/** How many requests 1,000 messages take, delivered and marked, with the rounds that only bring our own marks back. */
import type { Row } from "../row.js";

export const economyRow: Row = {
  name: "economy",
  hasDoor: true,
  async run(context) {
    const messages = context.quick ? 200 : 1_000;
    const kinds = [
      { kind: "everything", select: "full select", most: 75 },
      { kind: "live", select: "light select", most: 125 },
    ] as const;
    const figures = [];
    for (const { kind, select, most } of kinds) {
      const counted = await context.processes.withSimulator(async (simulator) => {
        const [mailbox] = await simulator.ask("mailboxes", 1, kind === "everything" ? messages : 0);
        if (!mailbox) throw new Error("There is no mailbox.");
        const after = await context.processes.withWorker(simulator, (worker) =>
          worker.ask("economy", context.door, kind, mailbox, messages),
        );
        context.noteRequests(await simulator.ask("report"));
        const { read } = await simulator.ask("read", [mailbox.address]);
        if (read !== messages) context.fault(`${select}: ${read} of ${messages} messages are marked`);
        return simulator.ask("economy", mailbox.address, after);
      });
      const per = (requests: number) => (requests * 1_000) / messages;
      figures.push({
        what: `requests per 1,000 messages, ${select}`,
        value: per(counted.requests),
        unit: "",
        target: { most },
        note: `${per(counted.echoes)} of them after the last mark, for its echoes`,
      });
    }
    return { row: "economy", door: context.door, figures, details: {} };
  },
};
