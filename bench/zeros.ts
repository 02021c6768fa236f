/** The two zeros, summed over every run of ours: what the simulator's log says of requests that must not be. */
import type { RowResult } from "./row.js";
import type { Report } from "./simulator-process.js";

/** What Graph allows one application at one mailbox. */
const atOnce = 4;

export interface Zeros {
  note(report: Report): void;
  result(): RowResult;
  /** Which of the two is no zero. */
  faults(): string[];
}

export function createZeros(): Zeros {
  let runs = 0;
  let pauses = 0;
  let knocks = 0;
  let over = 0;
  return {
    note(report) {
      runs += 1;
      pauses += report.pauses;
      knocks += report.knocks;
      over += report.overAtOnce;
    },
    result: () => ({
      row: "zeros",
      figures: [
        {
          what: "requests sent before a Retry-After had passed",
          value: knocks,
          unit: "",
          target: { most: 0 },
          note: `${pauses} pauses asked for`,
        },
        { what: `requests over ${atOnce} at once per mailbox`, value: over, unit: "", target: { most: 0 }, note: `${runs} runs` },
      ],
      details: { runs, pauses },
    }),
    faults: () => [
      ...(knocks > 0 ? [`${knocks} requests were sent before a Retry-After had passed`] : []),
      ...(over > 0 ? [`${over} requests were over ${atOnce} at once for their mailbox`] : []),
    ],
  };
}
