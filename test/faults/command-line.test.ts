/** Commands in processes of their own, beside a daemon in another: over its control socket, its store, or neither. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { controlScene, support } from "./fixtures/control/scene.js";

it("commands reach the daemon that runs in another process: it goes on after a sign-in, replays, sweeps, seals anew and signs out", async () => {
  const { sim, run, host, makeGood, addKey } = await controlScene();
  const id = sim.mailbox(support).deliver({ subject: "bad" });
  const daemon = await host();
  await daemon.hears("sign-in-required");
  expect((await run(["status"])).results).toMatchObject([
    { running: true, processId: daemon.child.pid, queues: [{ address: support, state: "waiting-for-sign-in" }] },
  ]);

  /** The person at the browser; the simulator's page stands for Microsoft's, which its path names. */
  const onErr = (text: string) => {
    const [, page] = /http:\/\/127\.0\.0\.1:\d+(\/[^\s"]+)/.exec(text) ?? [];
    if (page !== undefined) void sim.user(support).signInAt(`https:/${page}`);
  };
  const signedIn = await run(["sign-in"], { onErr });
  expect(signedIn).toMatchObject({ exitCode: 0, results: [{ queue: support, outcome: "signed-in", method: "browser" }] });
  await daemon.hears("signed-in");
  await daemon.hears("quarantined", id);
  expect((await run(["quarantine"])).results).toMatchObject([{ queue: support, id, reason: "no such customer" }]);

  await makeGood();
  expect(await run(["replay", support, id])).toMatchObject({ exitCode: 0, results: [{ id, by: "running-daemon" }] });
  await daemon.hears("settled", id);
  expect((await run(["explain", support, id])).results).toMatchObject([{ state: "settled", attempts: 1 }]);
  expect((await run(["sweep"])).results).toEqual([{ listed: 1, known: 1, found: 0, gone: 0 }]);

  await addKey("key2");
  expect((await run(["rotate-keys"])).results).toEqual([{ resealed: 1, current: 0, failed: [] }]);
  expect((await run(["sign-out", support])).results).toEqual([{ queue: support, removed: true }]);
  await expect.poll(async () => (await run(["status"])).results).toMatchObject([{ queues: [{ state: "waiting-for-sign-in" }] }]);
});

it("a daemon that was killed leaves a store that commands work on, and the next daemon goes on from what they did", async () => {
  const { sim, run, host, makeGood, folder, importToken } = await controlScene();
  const [first, second] = ["bad", "bad"].map((subject) => sim.mailbox(support).deliver({ subject })) as [string, string];
  await importToken();
  const daemon = await host();
  await Promise.all([daemon.hears("quarantined", first), daemon.hears("quarantined", second)]);
  await daemon.kill();
  expect(await readdir(join(folder, "state"))).toContain("control.sock");

  expect((await run(["status"])).results).toMatchObject([{ running: false, state: "stopped" }]);
  expect((await run(["quarantine"])).results.map((one) => one.id).toSorted()).toEqual([first, second].toSorted());
  expect(await run(["sweep"])).toMatchObject({ exitCode: 1, err: expect.stringContaining("LIFECYCLE_NOT_STARTED") });
  expect(await run(["replay", support, second])).toMatchObject({ exitCode: 0, results: [{ id: second, by: "next-run" }] });

  await makeGood();
  const next = await host();
  await next.hears("settled", second);
  expect((await run(["status"])).results).toMatchObject([{ running: true, processId: next.child.pid }]);
  expect((await run(["quarantine"])).results).toMatchObject([{ id: first }]);
});

it("a frozen daemon is not taken for none: commands fail and leave its store alone", async () => {
  const { sim, run, host, importToken } = await controlScene();
  await importToken();
  const id = sim.mailbox(support).deliver({ subject: "bad" });
  const daemon = await host();
  await daemon.hears("quarantined", id);
  daemon.child.kill("SIGSTOP");
  const [status, replay] = await Promise.all([run(["status"]), run(["replay", support, id])]);
  for (const { exitCode, out, err } of [status, replay]) {
    expect([exitCode, out, JSON.parse(err)]).toMatchObject([1, "", { error: { code: "LIFECYCLE_CONTROL_UNAVAILABLE" } }]);
  }
  daemon.child.kill("SIGCONT");
  expect((await run(["explain", support, id])).results).toMatchObject([{ state: "quarantined" }]);
});
