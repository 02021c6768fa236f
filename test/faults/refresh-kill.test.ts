/**
 * SIGKILL at every moment of a refresh, while the refresh tokens of eight queues rotate: real processes over the built
 * package, one LMDB store, Entra on loopback, harsher than it is. The choices come from a seed, which is printed and can
 * be set by `KILL_SEED`.
 */
import { randomInt } from "node:crypto";
import { expect, it } from "vitest";
import type { LifeRecord } from "./fixtures/kill/line.js";
import { addresses, isLoss, type RefreshRun, refreshCount, runRefreshKills, writtenCount } from "./fixtures/refresh-kill/run.js";

const seed = Number(process.env.KILL_SEED ?? randomInt(2 ** 32));

const linesOf = ({ lives }: RefreshRun) => lives.flatMap(({ lines }) => lines);

function report(run: RefreshRun): { readonly refreshes: number; readonly kills: number } {
  const sum = (count: (life: LifeRecord) => number) => run.lives.reduce((total, life) => total + count(life), 0);
  const refreshes = sum(refreshCount);
  const kills = new Map<string, number>();
  for (const { name } of run.moments) kills.set(name, (kills.get(name) ?? 0) + 1);
  console.log(
    `refresh kill test: seed ${seed}, ${refreshes} refreshes of ${addresses.length} queues, ${refreshes - sum(writtenCount)} of them cut off, ` +
      `${run.moments.length} kills (${[...kills].map(([name, times]) => `${name} ${times}`).join(", ")}), ` +
      `used refresh tokens died ${run.graceEnds} times; ${run.seconds.toFixed(1)} s`,
  );
  return { refreshes, kills: run.moments.length };
}

it("no queue loses its sign-in to kills at any moment of two hundred refreshes", async () => {
  const run = await runRefreshKills({ seed, each: 5, refreshes: 200 });
  const { refreshes, kills } = report(run);
  expect(linesOf(run).filter(isLoss)).toEqual([]);
  expect(refreshes).toBeGreaterThanOrEqual(200);
  expect(kills).toBeGreaterThanOrEqual(35);
  // The last process has refreshed the token of every queue and polled with it; no token was used before its record was durable.
  expect(new Set(run.lives.at(-1)?.lines.flatMap((line) => (line.is === "refreshed" ? [line.queue] : [])))).toEqual(new Set(addresses));
  expect(linesOf(run).filter(({ is }) => is === "early" || is === "trouble")).toEqual([]);
});

it("a daemon whose records never reach the disk would lose a sign-in", async () => {
  const run = await runRefreshKills({ seed, each: 2, plant: "lost" });
  report(run);
  expect(linesOf(run).filter(isLoss)).not.toEqual([]);
});

it("a daemon that uses tokens before their records are durable would be found out", async () => {
  const run = await runRefreshKills({ seed, each: 0, plant: "late" });
  expect(linesOf(run).filter(({ is }) => is === "early")).not.toEqual([]);
});
