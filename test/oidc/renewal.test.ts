/**
 * Renewals at a provider that rotates refresh tokens and revokes the grant when one comes a second time: stricter than
 * Entra, whose used tokens stay good. Whoever lost a rotation, or used a token twice, would be signed out here.
 */
import { expect, onTestFinished, test } from "vitest";
import { connect } from "../../src/daemon/connection.js";
import type { MailDaemon } from "../../src/daemon/mail-daemon.js";
import { daemonSettings } from "../../src/daemon/options.js";
import { wideGovernor } from "../support/governance.js";
import { createManualClock, type ManualClock } from "../support/manual-clock.js";
import { address, openScene, type Scene } from "./scene.js";

/** Close enough to the end of an access token that it is renewed, and not past it. */
const nearItsEndMs = 57 * 60_000;

/** A scene whose queue is signed in, by the clock given. */
async function signedInScene() {
  const clock = createManualClock();
  const scene = await openScene({ clock, defaults: { startFrom: "everything" } });
  const daemon = scene.create();
  await daemon.signIn(address, scene.browser().method);
  return { ...scene, clock, daemon };
}

/** What another process (the command line) holds of the same vault. */
function otherProcess({ options }: Scene, clock: ManualClock) {
  const { accounts } = connect(daemonSettings(options), { clock, governor: wideGovernor(clock), emit: () => undefined });
  onTestFinished(() => accounts.close());
  return accounts.add({ address });
}

/** The token comes near its end, and the queue polls until it is renewed: at first it may find one that the other process left. */
async function renewedByTime(daemon: MailDaemon, clock: ManualClock): Promise<void> {
  let renewed = false;
  daemon.once("token:refreshed", () => {
    renewed = true;
  });
  clock.freeze(nearItsEndMs);
  while (!renewed) await daemon.pollNow(address);
}

test("a running daemon renews again and again by time, each time with the newest refresh token", async () => {
  const { daemon, clock, door, provider } = await signedInScene();
  await daemon.start();
  for (let renewals = 1; renewals <= 5; renewals += 1) {
    const { accessToken } = door.newest;
    await renewedByTime(daemon, clock);
    expect(await provider.rotations(door.newest.refreshToken)).toBe(renewals);
    expect(door.newest.accessToken).not.toBe(accessToken);
  }
  expect(door.exchanges.slice(1)).toEqual(Array(5).fill({ grantType: "refresh_token", status: 200, error: undefined }));
  expect(daemon.status().queues).toMatchObject([{ state: "idle" }]);
});

test("an access token that the provider has revoked is renewed within the call, each time", async () => {
  const { daemon, door, provider } = await signedInScene();
  await daemon.start();
  await daemon.pollNow(address);
  for (let renewals = 1; renewals <= 3; renewals += 1) {
    await provider.revokeAccess(door.newest.accessToken);
    await daemon.pollNow(address);
    expect(await provider.rotations(door.newest.refreshToken)).toBe(renewals);
  }
  expect(door.refused).toHaveLength(3);
});

test("other processes over the same vault renew in turn with the daemon, and none uses a refresh token twice", async () => {
  const scene = await signedInScene();
  const { daemon, clock, door, provider } = scene;
  await daemon.start();
  for (let turn = 1; turn <= 3; turn += 1) {
    await renewedByTime(daemon, clock);
    const ours = door.newest.accessToken;
    expect(await otherProcess(scene, clock).get({ refused: ours })).toBe(door.newest.accessToken);
    expect(door.newest.accessToken).not.toBe(ours);
    expect(await provider.rotations(door.newest.refreshToken)).toBe(2 * turn);
  }
});

test("a process that comes later takes the token out of the vault without a request, and renews on from it", async () => {
  const { daemon: first, clock, door, provider, create } = await signedInScene();
  await first.start();
  await renewedByTime(first, clock);
  await first.stop({ deadlineMs: 0 });
  const second = create();
  const { length } = door.exchanges;
  await second.start();
  await second.pollNow(address);
  expect(door.exchanges).toHaveLength(length);
  for (let renewals = 2; renewals <= 4; renewals += 1) {
    await renewedByTime(second, clock);
    expect(await provider.rotations(door.newest.refreshToken)).toBe(renewals);
  }
});
