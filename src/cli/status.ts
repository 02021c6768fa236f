/** `status`: what each queue does, asked of the running daemon, or how the last one left it. */
import type { AddCommand, Work } from "./context.js";
import type { Answers, AsJson } from "./control-contract.js";
import { exitCodes } from "./exit-codes.js";
import { withTarget } from "./target.js";
import type { Style, Terminal } from "./terminal.js";

export const statusCommand: AddCommand = (program, does) => {
  program.command("status").description("what each queue does: of the running daemon, or as its store has it").action(does(status));
};

const status: Work = (context) =>
  withTarget(context, async (target) => {
    const { terminal } = context;
    const answer = await target.status();
    const { processId } = target;
    terminal.result({ running: processId !== undefined, ...(processId === undefined ? {} : { processId }), ...answer }, () =>
      [
        headline(terminal, processId, answer),
        ...workersOf(answer),
        ...troubleOf(terminal, answer),
        ...answer.queues.flatMap(linesOf(terminal, answer)),
      ].join("\n"),
    );
    return exitCodes.done;
  });

type Status = AsJson<Answers["status"]>;
type Queue = Status["queues"][number];

const styles: { readonly [State in Queue["state"]]?: Style } = {
  idle: "green",
  polling: "green",
  "waiting-for-sign-in": "red",
  unavailable: "red",
  throttled: "yellow",
  paused: "yellow",
};

function headline({ style }: Terminal, processId: number | undefined, { state, workers }: Status): string {
  if (processId !== undefined) return style("bold", `The daemon is ${state}, in process ${processId}.`);
  return workers.length > 0
    ? style("bold", "Daemons share these queues: this is how their last turns left them.")
    : style("yellow", "No daemon listens on this store: this is how it was left.");
}

function workersOf({ workers }: Status): string[] {
  return workers.map(({ host, processId, turns, seenAt }) => `  process ${processId} on ${host}: ${turns} turns under way at ${seenAt}`);
}

function troubleOf({ style }: Terminal, { storeTrouble, turnTrouble }: Status): string[] {
  const told = (what: string, { why, remedy }: { readonly why: string; readonly remedy?: string }) => [
    style("red", `${what}: ${why}`),
    ...(remedy === undefined ? [] : [`  What to do: ${remedy}`]),
  ];
  return [
    ...(storeTrouble ? told(`The store is in trouble since ${storeTrouble.since}`, storeTrouble) : []),
    ...(turnTrouble ? told("No turn of a queue comes to this process", turnTrouble) : []),
  ];
}

function linesOf({ style }: Terminal, { queues }: Status): (queue: Queue) => string[] {
  const width = Math.max(...queues.map(({ address }) => address.length));
  return ({ address, state, why, remedy, waiting, inFlight, marksWaiting, lastRoundAt, stale, late, oldestUndeliveredMs }) => {
    const counts = [
      `${waiting} waiting`,
      `${inFlight} in flight`,
      `${marksWaiting} to mark`,
      `last round ${lastRoundAt ?? "never"}`,
      ...(oldestUndeliveredMs === undefined ? [] : [`oldest undelivered ${Math.round(oldestUndeliveredMs / 1_000)} s`]),
      ...(stale ? [style("red", "stale")] : []),
      ...(late ? [style("red", "late")] : []),
    ];
    const stateStyle = styles[state];
    return [
      `${address.padEnd(width)}  ${stateStyle ? style(stateStyle, state.padEnd(19)) : state.padEnd(19)}  ${counts.join(", ")}`,
      `  ${style("dim", why)}`,
      ...(remedy === undefined ? [] : [`  What to do: ${remedy}`]),
    ];
  };
}
