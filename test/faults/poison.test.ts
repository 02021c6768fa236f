/**
 * A mail that ends the process, in real processes over the built package and one LMDB store: only that mail goes to
 * quarantine, whatever was in flight with it.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createSimulator, type Simulator } from "../../simulator/index.js";
import { createMailDaemon, generateKey, keyRing, lmdbStore } from "../../src/index.js";
import { beginLife, type PoisonLine } from "./fixtures/poison/life.js";

type Mailbox = ReturnType<Simulator["addUser"]>["mailbox"];

const support = "support@contoso.com";
const sales = "sales@contoso.com";
const addresses = [support, sales];
const queues = addresses.map((address) => ({ address }));
const maxAttempts = 3;
/** More than are needed: without a protection the loop must end as well. */
const mostLives = 12;

async function signIn(simulator: Simulator, storePath: string, key: string): Promise<void> {
  const { clientId, tenantId, fetch } = simulator;
  const vaultKeys = keyRing([{ id: "k1", key }]);
  const daemon = createMailDaemon({ app: { clientId, tenantId }, queues, store: lmdbStore(storePath), vaultKeys, fetch });
  for (const address of addresses) {
    await daemon.signIn(address, { method: "refreshToken", refreshToken: simulator.user(address).issueRefreshToken() });
  }
  await daemon.stop();
}

test("a mail that kills the process goes to quarantine after so many lone crashes, and none of those in flight with it does", async () => {
  const simulator = createSimulator({ seed: 1 });
  const [supportBox, salesBox] = addresses.map((address) => simulator.addUser({ address }).mailbox) as [Mailbox, Mailbox];
  const folder = await mkdtemp(join(tmpdir(), "poison-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const storePath = join(folder, "state");
  const key = generateKey();
  await signIn(simulator, storePath, key);
  const door = await simulator.listen();
  onTestFinished(() => door.close());

  const at = Date.now() - 3_600_000;
  const neighbours = [
    ...supportBox.deliverMany(Array.from({ length: 15 }, (_, index) => ({ receivedAt: at + (index < 8 ? 0 : 10_000) + index }))),
    ...salesBox.deliverMany(Array.from({ length: 4 }, (_, index) => ({ receivedAt: at + index }))),
  ];
  const poison = supportBox.deliver({ subject: "poison", receivedAt: at + 5_000 });
  const poisonKey = `${support}/${poison}`;

  const lives: { readonly lines: PoisonLine[]; readonly arrived: readonly string[] }[] = [];
  const begin = (company: number) =>
    beginLife(
      {
        app: { clientId: simulator.clientId, tenantId: simulator.tenantId },
        queues,
        defaults: { pollIntervalMs: 200, minPollIntervalMs: 50, startFrom: "everything", maxAttempts },
        storePath,
        simulatorUrl: door.url,
        recordPath: join(folder, `record-${lives.length}`),
        company,
      },
      `k1:${key}`,
    );
  const arrive = () => [supportBox.deliver({ subject: "new" }), salesBox.deliver({ subject: "new" })];
  const settledIn = (lines: readonly PoisonLine[]) => lines.flatMap((line) => (line.is === "settled" ? [line.key.split("/")[1]!] : []));

  const crowd = await begin(neighbours.length + 1);
  expect(await crowd.killed).toBe(true);
  lives.push({ lines: crowd.lines(), arrived: [] });
  expect(crowd.lines().filter(({ is }) => is === "begun").length).toBe(neighbours.length + 1);

  let life = await begin(0);
  let restarts = 1;
  for (; restarts < mostLives; restarts += 1) {
    const arrived = arrive();
    await life.until(({ is }) => is === "quarantined");
    if (life.lines().some(({ is }) => is === "quarantined")) {
      lives.push({ lines: [], arrived });
      break;
    }
    lives.push({ lines: life.lines(), arrived });
    life = await begin(0);
  }
  const expected = new Set([...neighbours, ...lives.flatMap(({ arrived }) => arrived)]);
  await expect
    .poll(() => [...lives.flatMap(({ lines }) => settledIn(lines)), ...settledIn(life.lines())].toSorted(), { timeout: 20_000 })
    .toEqual([...expected].toSorted());
  life.order({ order: "explain", queue: support, id: poison });
  await life.until(({ is }) => is === "explained");
  life.order({ order: "stop" });
  expect(await life.killed).toBe(false);
  const all = [...lives.flatMap(({ lines }) => lines), ...life.lines()];
  console.log(`poison test: quarantined after ${restarts} restarts with maxAttempts ${maxAttempts}`);

  // One crash in company, then as many alone as there are attempts.
  expect(restarts).toBe(maxAttempts + 1);
  expect(all.filter(({ is }) => is === "quarantined")).toEqual([
    {
      is: "quarantined",
      key: poisonKey,
      attempts: 0,
      crashes: maxAttempts,
      reason: `it ended the process ${maxAttempts} times while nothing else was in flight`,
    },
  ]);
  // A crash is nobody's attempt, and each was settled once.
  expect(all.filter((line) => (line.is === "settled" || line.is === "begun") && line.attempt !== 1)).toEqual([]);
  expect(all.filter(({ is }) => is === "retrying")).toEqual([]);
  // While the poison waits between its crashes, the others' mail flows: what came before its last life is done in that.
  const between = lives.slice(1, -1);
  expect(between.length).toBe(maxAttempts);
  const arrivedBefore = between.slice(0, -1).flatMap(({ arrived }) => arrived);
  expect(between.flatMap(({ lines }) => settledIn(lines))).toEqual(expect.arrayContaining([...neighbours, ...arrivedBefore]));
  // From the second life on it never had company.
  for (const { lines } of between) expect(lines.at(-1)).toMatchObject({ is: "begun", key: poisonKey });
  const explained = life.lines().find((line) => line.is === "explained");
  expect(explained).toMatchObject({
    quarantined: [{ id: poison, crashes: maxAttempts + 1, attempts: 0, mark: "none" }],
    story: { id: poison, state: "quarantined", crashes: maxAttempts + 1, foundBy: "round" },
  });
});
