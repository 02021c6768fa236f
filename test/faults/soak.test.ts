/**
 * The long random run, a short one by default: forty mailboxes, all faults on, others at work in the mailboxes, the
 * daemon killed again and again; then the simulator's own list and the host's list must agree. `npm run soak` runs it
 * for longer. The choices come from a seed, which is printed; what the operating system makes of them differs.
 */
import { randomInt } from "node:crypto";
import { expect, it } from "vitest";
import { judgesTrespass } from "../support/zeros/watch.js";
import { readLedgers } from "./fixtures/kill/ledger-content.js";
import { allBut } from "./fixtures/soak/disturbance.js";
import { report } from "./fixtures/soak/report.js";
import { runSoak, type SoakOptions } from "./fixtures/soak/run.js";
import { judgeSoak, type SoakEvidence } from "./fixtures/soak/verdict.js";

const { SOAK_MINUTES, SOAK_SEED = String(randomInt(2 ** 32)), SOAK_WITHOUT = "" } = process.env;
const minutes = Number(SOAK_MINUTES ?? 0);
const options: SoakOptions = {
  seed: Number(SOAK_SEED),
  chosen: allBut(SOAK_WITHOUT),
  ...(minutes > 0 ? { length: { minutes } } : { length: { kills: 6 }, intensity: 3 }),
};
/** For the end of the run and the judging, beside the disturbances. */
const restMs = 300_000;

it(
  "nothing is lost and nothing comes twice without a reason, whatever happens to daemon, network and mailboxes",
  async () => {
    judgesTrespass("a pause that dies in a kill, before it is recorded: the verdict knows the kills");
    console.log(`soak: seed ${options.seed}`);
    const run = await runSoak(options);
    const { simulator, office, lives } = run;
    const addresses = office.queues.map(({ address }) => address);
    const evidence: SoakEvidence = {
      pieces: office.pieces,
      present: new Set(office.present().map(({ key }) => key)),
      overwritten: office.overwritten(),
      lives,
      ledger: await readLedgers(run.storePath, addresses),
      log: simulator.log.entries(),
      knocks: simulator.log.knockedWhileBarred(),
      mostAtOnce: new Map(addresses.map((address) => [address, simulator.log.mostAtOnce(address)])),
    };
    const verdict = judgeSoak(evidence);
    console.log(report({ options, run, evidence, verdict }));

    expect(verdict.failures).toEqual([]);
    // Else the run has shown less than it says.
    expect(verdict.handedOverCount).toBeGreaterThan(office.queues.length);
    if (options.chosen.has("kills")) expect(lives.filter(({ end }) => end === "killed").length).toBeGreaterThan(3);
  },
  minutes * 60_000 + restMs,
);
