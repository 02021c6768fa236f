/** What our own moves cost where the folder that mail is moved to is watched as well: what is settled there is not looked at again and again. */
import { expect, it } from "vitest";
import { createFaultScene, type SceneDoor } from "./fixtures/scene.js";

const china = { authorityHost: "login.partner.microsoftonline.cn", cloud: "china" as const };

async function settledAndMoved(door: SceneDoor & { authorityHost?: string } = {}) {
  const scene = await createFaultScene(
    { defaults: { folders: ["inbox", "archive"], afterAck: { moveTo: "archive" }, sweepIntervalMs: 0 } },
    door,
  );
  const { daemon, mailbox, of, round, simulator } = scene;
  mailbox.deliverMany(Array.from({ length: 60 }, () => ({})));
  await daemon.start();
  await expect.poll(() => of("message:marked").length, { timeout: 15_000 }).toBe(60);
  await round();
  await round();
  return { ...scene, looks: () => simulator.log.entries({ route: "message" }).length };
}

it("a sweep asks for none of them by id", async () => {
  const { daemon, looks } = await settledAndMoved();
  await daemon.sweep();
  const before = looks();
  await daemon.sweep();
  expect(looks() - before).toBe(0);
});

it("a round by listing asks for none of them by id", async () => {
  const { round, looks, of } = await settledAndMoved(china);
  const before = looks();
  const rounds = of("queue:polled").length;
  for (let turn = 1; turn <= 5; turn += 1) await round();
  expect({ rounds: of("queue:polled").length - rounds, looks: looks() - before }).toMatchObject({ looks: 0 });
});
