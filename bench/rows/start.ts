/** How long a start over a full store takes until every queue has had its first round, everything at its default. */
import type { Row } from "../row.js";
import { withFullStore } from "./store.js";

export const startRow: Row = {
  name: "start",
  hasDoor: true,
  async run(context) {
    const queues = context.quick ? 30 : 10_000;
    return context.processes.withSimulator((simulator) =>
      withFullStore(context, simulator, queues, async ({ place, addresses, signInMs }) => {
        const begunAt = Date.now();
        const run = await context.processes.withWorker(simulator, (worker) => worker.ask("start", context.door, place, addresses));
        const report = await simulator.ask("report");
        context.noteRequests(report);
        if (report.requests.token !== undefined)
          context.fault(`${report.requests.token} tokens were asked for although all were in the store`);
        const line = await simulator.ask("perSecond", begunAt, begunAt + run.polledMs + 1_000);
        const what = (name: string) => `${queues} queues: ${name}`;
        return {
          row: "start",
          door: context.door,
          figures: [
            { what: what("start() resolved after"), value: run.startedMs / 1000, unit: "s" },
            { what: what("first round of all after"), value: run.polledMs / 1000, unit: "s", note: "poll interval 30 s, the default" },
            { what: what("CPU per queue"), value: run.cpuPerQueueMs, unit: "ms" },
            { what: what("most requests in a second"), value: Math.max(0, ...line), unit: "" },
            { what: what("a sign-in took before"), value: signInMs, unit: "ms", note: "8 at once" },
          ],
          details: { run, line },
        };
      }),
    );
  },
};
