/**
 * The pieces that every message passes, each by itself; the one place of the benchmark that reaches into the product.
 * Each piece is repeated until its time is up, after as long a warm-up, and told as the mean of one.
 */
import { performance } from "node:perf_hooks";
import { lmdbStore } from "m365-mail-daemon";
import { createSimulator } from "m365-mail-daemon/simulator";
import { checkedKeys } from "../../src/auth/key-ring.js";
import { seal, unseal } from "../../src/auth/seal.js";
import { systemClock } from "../../src/base/clock.js";
import { openLedger } from "../../src/delivery/ledger.js";
import { createGate } from "../../src/graph/gate.js";
import { createGovernor } from "../../src/graph/governor.js";
import { parsePage } from "../../src/graph/wire.js";
import { toMailMessage } from "../../src/mailbox/message.js";
import { accessToken, graphOrigin, select } from "../baselines/token.js";
import { mail } from "../mail.js";
import { cpuMs } from "./measured.js";
import { newKey, withFolder } from "./world.js";

export interface Micro {
  readonly what: string;
  readonly us: number;
  readonly cpuUs: number;
}

const queue = "support@contoso.com";

export async function micro(eachMs: number): Promise<readonly Micro[]> {
  const text = await pageText();
  const [key] = checkedKeys([{ id: "bench", key: newKey() }], "the benchmark");
  if (!key) throw new Error("There is no key.");
  const purpose = { account: queue, space: "vault", key };
  const record = "x".repeat(3_000);
  const sealed = await seal(record, purpose);
  // Wide enough never to make this one wait.
  const governor = createGovernor({ clock: systemClock, concurrency: 256, requestsPerTenSeconds: 1_000_000_000 });
  const gate = createGate({ clock: systemClock, queue, width: 4, requestsPerTenMinutes: 1_000_000_000, governor });
  const results = [
    await timed(`parse a page of 100 (${Math.round(text.length / 1000)} kB) into messages`, eachMs, async () => {
      for (const { id, properties } of parsePage(text, { graphHost: "graph.microsoft.com", delta: true }).items) {
        toMailMessage(id, properties, { folder: "inbox", receivedAt: 0 });
      }
    }),
    await timed("seal a record of 3 kB", eachMs, () => seal(record, purpose)),
    await timed("open a record of 3 kB", eachMs, () => unseal(sealed, purpose)),
    await timed("pass the gate and the governor, alone", eachMs, () => gate.run(() => gate.send(async () => undefined))),
  ];
  return [...results, ...(await ledgerCommits(eachMs))];
}

/** A page of 100 with its cursor, and then the whole way of one message of it. */
function ledgerCommits(eachMs: number): Promise<readonly Micro[]> {
  return withFolder(async (folder) => {
    const store = lmdbStore(folder);
    await store.open();
    const ledger = await openLedger({ store, clock: systemClock, queue });
    const cursor = { key: [queue, "cursor", "bench"] as const, value: "x".repeat(1_000) };
    let number = 0;
    const page = () =>
      Array.from({ length: 100 }, () => {
        number += 1;
        return { id: `AAkALgAAAAAAHYQDEapmEc2byACqAC${number}`, folder: "inbox", receivedAt: 1, becomes: "pending" as const };
      });
    const results = [
      await timed("ledger: a page of 100 new messages with its cursor", eachMs, () => ledger.record(page(), cursor)),
      await timed("ledger: the same page, all of it begun and settled", eachMs, async () => {
        const entries = await ledger.record(page(), cursor);
        const begun = await ledger.begin(entries.map((entry) => ({ entry })));
        await Promise.all(begun.map((entry) => ledger.settle(entry, { outcome: "settled", mark: undefined })));
      }),
    ];
    await store.close();
    return results;
  });
}

async function timed(what: string, eachMs: number, work: () => Promise<unknown>): Promise<Micro> {
  let figures: Micro | undefined;
  for (const _pass of ["warm-up", "measured"]) {
    const [begun, cpu] = [performance.now(), cpuMs()];
    let times = 0;
    for (; performance.now() - begun < eachMs; times += 1) await work();
    figures = { what, us: ((performance.now() - begun) * 1000) / times, cpuUs: ((cpuMs() - cpu) * 1000) / times };
  }
  return figures as Micro;
}

/** A page as Graph writes it. */
async function pageText(): Promise<string> {
  const simulator = createSimulator({ seed: 1, quirks: { emptyPages: false, replays: false } });
  const user = simulator.addUser({ address: queue });
  user.mailbox.deliverMany(Array.from({ length: 200 }, (_, number) => mail(number)));
  const { clientId, tenantId } = simulator;
  const token = await accessToken(simulator.fetch, { clientId, tenantId, refreshToken: user.issueRefreshToken() });
  const headers = { authorization: `Bearer ${token}`, prefer: 'IdType="ImmutableId", odata.maxpagesize=100' };
  const answer = await simulator.fetch(`${graphOrigin}/v1.0/me/mailFolders/inbox/messages/delta?$select=${select}`, { headers });
  return answer.text();
}
