/**
 * SIGKILL at fifty random moments while 2,000 messages arrive in ten mailboxes: real processes over the built package,
 * one LMDB store, Graph on loopback with its quirks and a few 429s. The choices come from a seed, which is printed and
 * can be set by `KILL_SEED`; what the operating system makes of them differs from run to run.
 */
import { randomInt } from "node:crypto";
import { expect, it } from "vitest";
import { judgesTrespass } from "../support/zeros/watch.js";
import { judgeKnocks } from "./fixtures/kill/knock.js";
import { readLedgers } from "./fixtures/kill/ledger-content.js";
import { countPhases } from "./fixtures/kill/phase.js";
import { messageCount, queues } from "./fixtures/kill/post.js";
import { runKills } from "./fixtures/kill/run.js";
import { judge } from "./fixtures/kill/verdict.js";

const seed = Number(process.env.KILL_SEED ?? randomInt(2 ** 32));
/** What was in flight at a kill is delivered one by one afterwards, and waits when it was alone: that takes its time. */
const longestMs = 300_000;
const addresses = queues.map(({ address }) => address);

it(
  "every message is settled and marked after fifty kills, and only what was in flight at one comes twice",
  async () => {
    judgesTrespass("a pause that dies in a kill, before it is recorded: judgeKnocks knows the kills");
    console.log(`kill test: seed ${seed}`);
    const { simulator, post, lives, storePath, seconds } = await runKills(seed);
    const ledgers = await readLedgers(storePath, addresses);
    const verdict = judge({ expected: post.expected, lives, settled: ledgers.settled });
    const knocks = judgeKnocks(simulator.log.knockedWhileBarred(), { log: simulator.log.entries(), lives });
    const killed = lives.filter(({ end }) => end === "killed");
    const phases = countPhases(lives, addresses);
    const lines = lives.flatMap((life) => life.lines);
    const count = (is: string) => lines.filter((line) => line.is === is).length;
    console.log(
      `kill test: seed ${seed}, ${killed.length} kills (${[...phases].map(([phase, times]) => `${phase} ${times}`).join(", ")}; some in several), ` +
        `${post.expected.size} messages in ${queues.length} mailboxes, handed over ${verdict.handedOverCount} times, ` +
        `${verdict.inFlightCount} in flight at kills, ${verdict.duplicateCount} of them handed over again, ${verdict.unexplained.length} without that excuse, ` +
        `${verdict.lost.length} lost; ${simulator.log.count()} requests, ${count("throttled")} pauses asked for, ${count("pause-kept")} of them kept, ${count("cursor-lost")} cursors lost, ` +
        `${knocks.excused.length} requests too early because a kill took the pause along; ${seconds.toFixed(1)} s`,
    );
    for (const { method, route, mailbox, startedAt } of knocks.excused)
      console.log(`  too early: ${method} ${route} of ${mailbox} at ${new Date(startedAt).toISOString()}`);

    expect(post.expected.size).toBe(messageCount);
    expect(killed).toHaveLength(50);
    expect(verdict).toMatchObject({ lost: [], strangers: [], unexplained: [] });
    // A kill costs no attempt, or a message could go to quarantine for nothing.
    expect(lines.filter((line) => line.is === "begun" && line.attempt !== 1)).toEqual([]);
    expect(post.unmarked()).toEqual([]);
    expect(ledgers.open).toEqual([]);
    expect(lines.filter(({ is }) => is === "trouble")).toEqual([]);
    for (const address of addresses) expect(simulator.log.mostAtOnce(address), address).toBeLessThanOrEqual(4);
    expect(knocks.unexcused).toEqual([]);
    // Without a single one in the store, the line above would excuse whatever came.
    expect(count("pause-kept")).toBeGreaterThan(0);
    // The kills went where they were meant to go; else the run has shown less than it says.
    expect([...phases].filter(([phase, times]) => times === 0 && phase !== "idle" && phase !== "reading out")).toEqual([]);
    expect(verdict.duplicateCount).toBeGreaterThan(0);
  },
  longestMs,
);
