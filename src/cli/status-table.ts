/**
 * The daemon's status as a table for a terminal: a line for each queue, those that need somebody first where not all fit.
 *
 * Invariant: no line is wider than the screen, and no text of a service or a host steers the terminal.
 */
import type { DaemonStatus, QueueStatus } from "../daemon/status.js";
import type { Terminal } from "./terminal.js";

export interface TableSpace {
  readonly columns: number;
  readonly rows: number;
  /** Epoch milliseconds. */
  readonly now: number;
  readonly style: Terminal["style"];
}

/** Lines beside those of the queues: heads, the store's trouble, what does not fit. */
const otherLines = 4;
const longestAddress = 36;

/** How much it wants somebody: what fits last is what is well. */
const urgency: Record<QueueStatus["state"], number> = {
  "waiting-for-sign-in": 0,
  unavailable: 1,
  stopped: 2,
  throttled: 3,
  paused: 4,
  starting: 5,
  polling: 6,
  idle: 6,
  elsewhere: 7,
};

export function statusTable(status: DaemonStatus, { columns, rows, now, style }: TableSpace): string[] {
  const most = Math.max(1, rows - otherLines);
  const shown = status.queues.length <= most ? status.queues : fitting(status.queues, most);
  const cells = shown.map((queue) => cellsOf(queue, now));
  const heads = ["QUEUE", "STATE", "WAITING", "IN FLIGHT", "LAST ROUND"];
  const widths = heads.map((head, column) => Math.max(head.length, ...cells.map(({ texts }) => texts[column]?.length ?? 0)));
  const lineOf = (texts: readonly string[], why: string) =>
    cut([...texts.map((text, column) => text.padEnd(widths[column] as number)), why].join("  ").trimEnd(), columns - 1);
  const left = status.queues.length - shown.length;
  return [
    style("bold", lineOf(heads, "WHY")),
    ...cells.map(({ texts, why, state }) => style(colourOf(state), lineOf(texts, why))),
    ...(left > 0 ? [style("dim", cut(`… and ${left} more`, columns - 1))] : []),
    ...(status.turnTrouble ? [style("red", cut(`The turns: ${plain(status.turnTrouble.why)}`, columns - 1))] : []),
    ...(status.storeTrouble ? [style("red", cut(`The store: ${plain(status.storeTrouble.why)}`, columns - 1))] : []),
  ];
}

function fitting(queues: readonly QueueStatus[], most: number): readonly QueueStatus[] {
  return queues.toSorted((one, other) => urgency[one.state] - urgency[other.state]).slice(0, most);
}

function cellsOf(queue: QueueStatus, now: number) {
  const { address, state, waiting, inFlight, lastRoundAt, stale, why } = queue;
  const isWell = state === "idle" || state === "polling";
  const round = lastRoundAt ? `${ago(now - lastRoundAt.getTime())}${stale ? ", stale" : ""}` : "none yet";
  return { state, texts: [cut(address, longestAddress), state, String(waiting), String(inFlight), round], why: isWell ? "" : plain(why) };
}

function colourOf(state: QueueStatus["state"]): "red" | "yellow" | "green" {
  if (state === "waiting-for-sign-in" || state === "unavailable" || state === "stopped") return "red";
  return state === "idle" || state === "polling" ? "green" : "yellow";
}

/** A time that has passed, in one unit. */
export function ago(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 60) return `${seconds} s ago`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min ago` : `${Math.round(minutes / 60)} h ago`;
}

/** Without what a terminal obeys. */
export function plain(text: string): string {
  return text.replace(/\p{Cc}+/gu, " ").replace(/\p{Cf}/gu, "");
}

function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, Math.max(0, most - 1))}…`;
}
