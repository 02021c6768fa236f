/**
 * The long random run in its cluster form, a short one by default: three workers on one Redis, all faults on, workers killed
 * and frozen, Redis restarted, connections cut. `npm run soak -- --cluster` runs it for longer. The choices come from a
 * seed, which is printed; what the operating system makes of them differs.
 */
import { randomInt } from "node:crypto";
import { expect, it } from "vitest";
import { redisMissing } from "../support/redis.js";
import { judgesTrespass } from "../support/zeros/watch.js";
import { readLedgers } from "./fixtures/kill/ledger-content.js";
import { allBut } from "./fixtures/soak/disturbance.js";
import { report } from "./fixtures/soak/report.js";
import type { SoakEvidence } from "./fixtures/soak/verdict.js";
import { type ClusterOptions, runCluster } from "./fixtures/soak-cluster/run.js";
import { judgeCluster } from "./fixtures/soak-cluster/verdict.js";

const { SOAK_MINUTES, SOAK_SEED = String(randomInt(2 ** 32)), SOAK_WITHOUT = "" } = process.env;
const minutes = Number(SOAK_MINUTES ?? 0);
const options: ClusterOptions = {
  seed: Number(SOAK_SEED),
  chosen: allBut(SOAK_WITHOUT),
  ...(minutes > 0
    ? { seconds: minutes * 60, mailboxes: 60, intensity: 4, pollIntervalMs: 4_000, lockMs: 5_000, pauseMs: 5_000 }
    : { seconds: 20, mailboxes: 12, intensity: 3, pollIntervalMs: 1_000, lockMs: 3_000, pauseMs: 1_800 }),
};
/** For the end of the run and the judging, beside the disturbances. */
const restMs = 400_000;

it.skipIf(redisMissing !== undefined && minutes === 0)(
  "several workers lose nothing and hand nothing over twice but for a kill or a freeze, and none writes under a stale epoch",
  async () => {
    judgesTrespass("a pause that dies in a kill or a freeze, before it is recorded: the verdict knows them");
    console.log(`soak of a cluster: seed ${options.seed}`);
    const run = await runCluster(options);
    const { simulator, office, lives, calamities, complaints } = run;
    const addresses = office.queues.map(({ address }) => address);
    const evidence: SoakEvidence = {
      pieces: office.pieces,
      present: new Set(office.present().map(({ key }) => key)),
      overwritten: office.overwritten(),
      lives,
      ledger: await readLedgers(run.store, addresses),
      log: simulator.log.entries(),
      knocks: simulator.log.knockedWhileBarred(),
      mostAtOnce: new Map(addresses.map((address) => [address, simulator.log.mostAtOnce(address)])),
    };
    const verdict = judgeCluster(evidence, complaints);
    const { raised, carriedOut, refused, unheard, stale } = verdict.epochs;
    const lines = lives.flatMap((life) => life.lines);
    const more = [
      ["workers", `3 at once, ${lives.length} processes; locks of ${options.lockMs} ms`],
      [
        "done to them",
        Object.entries(calamities)
          .map(([what, times]) => `${what} ${times}`)
          .join(", "),
      ],
      ["starts failed", lines.filter(({ is }) => is === "start-failed").length],
      ["stalls", lines.filter(({ is }) => is === "stalled").length],
      ["turns taken", raised],
      ["turns lost", lines.filter(({ is }) => is === "turn-lost").length],
      ["epoch checked", `${carriedOut} commits carried out, ${refused} of stale epochs tried and refused, ${unheard} unheard of`],
      ["  stale written", stale.length],
    ] as const;
    const soak = { ...options, length: { minutes: options.seconds / 60 } };
    console.log(report({ options: soak, run: { ...run, storePath: "" }, evidence, verdict, more }));

    expect(verdict.failures).toEqual([]);
    // Else the run has shown less than it says.
    expect(verdict.handedOverCount).toBeGreaterThan(office.queues.length);
    expect(raised).toBeGreaterThan(office.queues.length);
    for (const times of Object.values(calamities)) expect(times).toBeGreaterThan(0);
    expect(lives.filter(({ end }) => end === "killed").length).toBeGreaterThan(0);
    expect(lives.filter(({ freezes = [] }) => freezes.some(({ from, until }) => until - from > options.lockMs)).length).toBeGreaterThan(0);
  },
  minutes * 60_000 + restMs,
);
