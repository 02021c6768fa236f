/** `daemon.doctor()` at every time of a daemon's life, and beside another daemon: it changes nothing but a token that it renews. */
import { expect, onTestFinished, test, vi } from "vitest";
import { createMailDaemon, type Finding, type MailDaemonOptions, memoryStore, type Store } from "../../src/index.js";
import { address, hostOptions, next, signedIn, simulatorWith } from "../support/host.js";

const shared = "billing@contoso.com";
const outcomes = (findings: readonly Finding[]) => Object.fromEntries(findings.map(({ check, outcome }) => [check, outcome]));
const not = (outcome: Finding["outcome"], findings: readonly Finding[]) => findings.filter((one) => one.outcome !== outcome);

/** A store, and the keys that were written since. */
function watched(): { readonly store: Store; readonly written: string[] } {
  const inner = memoryStore();
  const written: string[] = [];
  return {
    written,
    store: {
      ...inner,
      async commit(commit) {
        const result = await inner.commit(commit);
        if (result.ok)
          written.push(...[...(commit.puts ?? []).map(({ key }) => key), ...(commit.deletes ?? [])].map((key) => key.join("/")));
        return result;
      },
    },
  };
}

async function stopped(options: MailDaemonOptions, sim = simulatorWith()): Promise<void> {
  await (await signedIn(sim, options)).stop();
}

test("before the start nothing is written but the token that was renewed, and nothing is told", async () => {
  const sim = simulatorWith();
  const { store, written } = watched();
  const options = hostOptions(sim, { store });
  await stopped(options, sim);
  written.length = 0;
  await using daemon = createMailDaemon(options);
  const told: string[] = [];
  for (const name of ["token:refreshed", "queue:signed-in", "queue:sign-in-required", "app:refused"] as const)
    daemon.on(name, () => void told.push(name));
  expect(not("ok", await daemon.doctor())).toEqual([]);
  expect(written).toEqual([`vault/${address}`]);
  expect(told).toEqual([]);
  expect(sim.log.count({ route: "token" })).toBe(2);
});

test("beside a daemon that runs on the same store it takes nothing from it, and the daemon goes on with the renewed record", async () => {
  const sim = simulatorWith();
  const { store, written } = watched();
  const options = hostOptions(sim, { store, defaults: { pollIntervalMs: 86_400_000, startFrom: "everything" } });
  const owner = await signedIn(sim, options);
  onTestFinished(() => owner.stop());
  const polled = next(owner, "queue:polled");
  await owner.start();
  await polled;
  written.length = 0;
  await using beside = createMailDaemon(options);
  const findings = await beside.doctor();
  expect(not("ok", findings)).toEqual([]);
  expect(findings.find(({ check }) => check === "owner")?.found).toContain("looks on beside it");
  expect(findings.find(({ check }) => check === "delta")?.found).toContain("last complete one");
  expect(written.filter((key) => key !== "daemon/owner")).toEqual([`vault/${address}`]);
  const marked = next(owner, "message:marked");
  sim.user(address).mailbox.deliver();
  await owner.pollNow(address);
  await marked;
});

test("of a running daemon it asks through the queue's own gate, begins no round of its own, and finds the store to be ours", async () => {
  const sim = simulatorWith();
  const options = hostOptions(sim, { defaults: { pollIntervalMs: 86_400_000, startFrom: "everything" } });
  const daemon = await signedIn(sim, options);
  onTestFinished(() => daemon.stop());
  const polled = next(daemon, "queue:polled");
  await daemon.start();
  await polled;
  sim.log.clear();
  const findings = await daemon.doctor(address.toUpperCase());
  expect(not("ok", findings)).toEqual([]);
  expect(findings.find(({ check }) => check === "owner")?.found).toContain("This daemon owns");
  expect(findings.flatMap(({ queue }) => queue ?? [])).toEqual(new Array(9).fill(address));
  expect(sim.log.count({ route: "delta" })).toBe(0);
});

test("a mailbox that asked for a pause is not asked, by this daemon or by one beside it", async () => {
  const sim = simulatorWith();
  const store = memoryStore();
  const options = hostOptions(sim, { store });
  const daemon = await signedIn(sim, options);
  onTestFinished(() => daemon.stop());
  sim.faults.add({ name: "limit", route: "delta", status: 429, retryAfter: 600, count: 1 });
  const throttled = next(daemon, "queue:throttled");
  await daemon.start();
  await throttled;
  await using beside = createMailDaemon(options);
  await expect
    .poll(async () => {
      await store.open();
      const kept = await store.get([address, "bar"]);
      await store.close();
      return kept?.value;
    })
    .toBeDefined();
  sim.log.clear();
  for (const one of [daemon, beside]) {
    const findings = await one.doctor();
    expect(outcomes(findings)).toMatchObject({ identity: "skipped", mailbox: "failed", folders: "skipped" });
    expect(findings.find(({ check }) => check === "mailbox")).toMatchObject({ code: "GRAPH_THROTTLED", step: "troubleshooting" });
  }
  expect(sim.log.count({ route: "folder" })).toBe(0);
  expect(sim.log.knockedWhileBarred()).toEqual([]);
});

test("queues of one account share its renewal, and each has its own findings", async () => {
  const sim = simulatorWith([address, shared]);
  sim.user(shared).grantAccess(address);
  const options = hostOptions(sim, { queues: [{ address }, { address: shared, account: address }] });
  const daemon = await signedIn(sim, options);
  onTestFinished(() => daemon.stop());
  sim.log.clear();
  const findings = await daemon.doctor();
  expect(not("ok", findings)).toEqual([]);
  expect(sim.log.count({ route: "token" })).toBe(1);
  expect(findings.find(({ check, queue }) => check === "marks" && queue === shared)?.found).toContain("Mail.ReadWrite.Shared");
  sim.faults.add({ name: "no right", mailbox: shared, route: "folder", status: 403, graphCode: "ErrorAccessDenied" });
  const failed = not("ok", await daemon.doctor([shared, address, shared]));
  expect(failed.map(({ queue, check, outcome }) => [queue, check, outcome])).toEqual([
    [shared, "mailbox", "failed"],
    [shared, "folders", "skipped"],
    [shared, "delta", "skipped"],
    [shared, "marks", "skipped"],
  ]);
});

test("a refusal that the doctor meets changes nothing for the daemon: its queue asks for its sign-in at the start", async () => {
  const sim = simulatorWith();
  const options = hostOptions(sim);
  await stopped(options, sim);
  sim.user(address).revokeSessions();
  await using daemon = createMailDaemon(options);
  const told: string[] = [];
  daemon.on("queue:sign-in-required", ({ queue }) => void told.push(queue));
  expect(outcomes(await daemon.doctor())).toMatchObject({ token: "failed", mailbox: "skipped" });
  expect(told).toEqual([]);
  const required = next(daemon, "queue:sign-in-required");
  await daemon.start();
  expect(await required).toMatchObject({ queue: address });
});

test("a proxy that Node's fetch does not use is a warning where the hosts are reached all the same", async () => {
  const sim = simulatorWith();
  vi.stubGlobal("fetch", sim.fetch);
  onTestFinished(() => void vi.unstubAllGlobals());
  for (const [name, value] of [
    ["HTTPS_PROXY", "http://me:letmein@proxy.example"],
    ["NO_PROXY", ""],
    ["NODE_USE_ENV_PROXY", ""],
  ] as const)
    vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
  const { fetch: _, ...options } = hostOptions(sim);
  const daemon = await signedIn(sim, options);
  onTestFinished(() => daemon.stop());
  const [first, ...others] = not("ok", await daemon.doctor());
  expect(first).toMatchObject({ check: "proxy", outcome: "warning", step: "this-machine" });
  expect(JSON.stringify(first)).not.toMatch(/letmein|proxy\.example/);
  expect(others).toEqual([]);
});

test("nothing that is wrong makes it reject: keys, store and network at once, errors of the host's own too", async () => {
  const sim = simulatorWith();
  const broken = Object.assign(memoryStore(), {
    open: () => Promise.reject(Object.assign(new Error("password=hunter2"), { name: "DriverError" })),
  });
  await using daemon = createMailDaemon(
    hostOptions(sim, {
      store: broken,
      vaultKeys: () => Promise.reject(new Error("no")),
      fetch: () => Promise.reject(new Error("nothing")),
    }),
  );
  const findings = await daemon.doctor();
  expect(outcomes(findings)).toMatchObject({
    "vault-key": "failed",
    store: "failed",
    owner: "skipped",
    proxy: "failed",
    "vault-record": "skipped",
    clock: "skipped",
  });
  expect(findings.find(({ check }) => check === "store")?.found).toBe("It failed unexpectedly (DriverError).");
});

test("an address that is no queue, and a daemon that has stopped, are no findings", async () => {
  const daemon = createMailDaemon(hostOptions(simulatorWith()));
  await expect(daemon.doctor("nobody@contoso.com")).rejects.toMatchObject({ code: "LIFECYCLE_UNKNOWN_QUEUE" });
  await daemon.stop();
  await expect(daemon.doctor()).rejects.toMatchObject({ code: "LIFECYCLE_STOPPED" });
});

test("a stop ends an examination that waits for an answer", async () => {
  const sim = simulatorWith();
  const options = hostOptions(sim, {
    fetch: (_, init) =>
      new Promise((_, reject) => init?.signal?.addEventListener("abort", () => reject(init.signal?.reason), { once: true })),
  });
  const daemon = createMailDaemon(options);
  const examined = daemon.doctor();
  const failed = expect(examined).rejects.toMatchObject({ code: "LIFECYCLE_STOPPED" });
  await daemon.stop({ deadlineMs: 0 });
  await failed;
});
