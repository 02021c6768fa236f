/** SIGKILL between Entra's answer and the vault's commit: the sign-in that was there before goes on working. */
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { createSimulator } from "../../simulator/index.js";
import { generateKey } from "../../src/index.js";
import { beginLife, type HostSetUp } from "./fixtures/kill/life.js";
import type { Line } from "./fixtures/kill/line.js";
import { newFolder } from "./fixtures/store-process.js";

const address = "support@contoso.com";

/** One queue on loopback, and processes over one store, one after another. */
async function setUp() {
  const simulator = createSimulator({ seed: 1 });
  const user = simulator.addUser({ address });
  const door = await simulator.listen();
  onTestFinished(() => door.close());
  const folder = await newFolder();
  const keys = `k1:${generateKey()}`;
  let begun = 0;

  /** Starts a daemon and lets it live until `holds`; what it said. */
  async function live(end: "kill" | "stop", holds: (line: Line) => boolean, more: Partial<HostSetUp> = {}): Promise<readonly Line[]> {
    const life = await beginLife(
      {
        app: { clientId: simulator.clientId, tenantId: simulator.tenantId },
        queues: [{ address }],
        defaults: { pollIntervalMs: 50, minPollIntervalMs: 20 },
        storePath: join(folder, "state"),
        simulatorUrl: door.url,
        recordPath: join(folder, `record-${++begun}`),
        ...more,
      },
      keys,
    );
    const come = life.until(holds);
    life.start();
    await come;
    return (await life[end]()).lines;
  }

  return {
    simulator,
    user,
    live,
    /** How often Entra gave a token. */
    grants: () => simulator.log.entries({ route: "token" }).filter(({ status }) => status === 200).length,
  };
}

const polled = ({ is }: Line) => is === "polled";
const held = ({ is }: Line) => is === "held";
const signInRequired = (line: Line) => line.is === "trouble" && line.event === "queue:sign-in-required";
const troubles = (lines: readonly Line[]) => lines.filter(({ is }) => is === "trouble");

it("a renewal that a kill cut off before the vault had it is made again with the refresh token from before", async () => {
  const { simulator, user, live, grants } = await setUp();
  await live("stop", polled, { refreshToken: user.issueRefreshToken() });
  simulator.faults.add({ name: "token refused", route: "delta", status: 401, count: 2 });

  await live("kill", held, { heldSpace: "vault" });
  expect(grants()).toBe(2);
  // The token that the vault had not got yet was not used: the last thing Graph was asked is what it refused.
  expect(
    simulator.log
      .entries()
      .filter(({ route }) => route !== "discovery")
      .map(({ route, status }) => `${route} ${status}`)
      .slice(-2),
  ).toEqual(["delta 401", "token 200"]);

  const next = await live("stop", polled);
  expect(troubles(next)).toEqual([]);
  expect(grants()).toBe(3);
  // And this time the vault has it: nothing is asked of Entra any more.
  expect(troubles(await live("stop", polled))).toEqual([]);
  expect(grants()).toBe(3);
});

it("a second sign-in that a kill cut off before the vault had it leaves the first one at work", async () => {
  const { user, live, grants } = await setUp();
  await live("stop", polled, { refreshToken: user.issueRefreshToken() });
  await live("kill", held, { refreshToken: user.issueRefreshToken(), heldSpace: "vault" });
  expect(grants()).toBe(2);
  expect(troubles(await live("stop", polled))).toEqual([]);
  expect(grants()).toBe(2);
});

it("a first sign-in that a kill cut off before the vault had it is asked for again, and its refresh token still does", async () => {
  const { user, live, grants } = await setUp();
  const refreshToken = user.issueRefreshToken();
  await live("kill", held, { refreshToken, heldSpace: "vault" });
  expect(grants()).toBe(1);
  await live("stop", signInRequired);
  expect(troubles(await live("stop", polled, { refreshToken }))).toEqual([]);
});

it("a sign-in that is really lost would be told", async () => {
  const { simulator, user, live } = await setUp();
  await live("stop", polled, { refreshToken: user.issueRefreshToken() });
  simulator.faults.add({ name: "token refused", route: "delta", status: 401, count: 1 });
  user.revokeSessions();
  expect(troubles(await live("stop", signInRequired))).not.toEqual([]);
});
