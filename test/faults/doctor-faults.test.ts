/** Set-ups with one fault planted in each: the doctor finds the fault, where it is, and names the step of the guide. */
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, onTestFinished, test, vi } from "vitest";
import { setUpSteps } from "../../src/auth/remedy.js";
import { createVault } from "../../src/auth/vault.js";
import { doctorChecks } from "../../src/daemon/doctor/finding.js";
import {
  type DoctorCheck,
  environmentKeys,
  type Finding,
  generateKey,
  keyFile,
  keyRing,
  lmdbStore,
  type MailDaemonOptions,
} from "../../src/index.js";
import { address } from "../support/host.js";
import { nobodyThere, refusingProxy, unknownHost, untrusted } from "./fixtures/doctor-doors.js";
import { type DoctorScene, type DoctorSceneOptions, doctorScene, other, touched } from "./fixtures/doctor-scene.js";
import { startStoreProcess } from "./fixtures/store-process.js";

type Changes = Partial<MailDaemonOptions> & { readonly fetchIsGlobal?: true };

interface PlantedFault {
  readonly fault: string;
  readonly check: DoctorCheck;
  /** Default "failed". */
  readonly outcome?: "warning";
  readonly step: string;
  /** What the finding has to say. */
  readonly found: RegExp;
  readonly scene?: DoctorSceneOptions;
  readonly plant: (scene: DoctorScene) => Changes | undefined | Promise<Changes | undefined>;
}

const someId = "11111111-2222-4333-8444-555555555555";
const minutes = 60_000;
const days = 24 * 60 * minutes;
/** A change of the tenant or the application, which leaves the daemon's options as they are. */
const inTenant = (change: (scene: DoctorScene) => unknown) => (scene: DoctorScene) => {
  change(scene);
  return undefined;
};

async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), "doctor-"));
  onTestFinished(() => rm(made, { recursive: true }));
  return made;
}

const planted: readonly PlantedFault[] = [
  {
    fault: "key file open to others",
    check: "vault-key",
    step: "this-machine",
    found: /mode 0644/,
    async plant() {
      const file = join(await folder(), "keys");
      await writeFile(file, `k1:${generateKey()}\n`);
      await chmod(file, 0o644);
      return { vaultKeys: keyFile(file) };
    },
  },
  {
    fault: "key missing",
    check: "vault-key",
    step: "this-machine",
    found: /DOCTOR_KEYS_OF_NOBODY holds no vault key/,
    plant: () => ({ vaultKeys: environmentKeys("DOCTOR_KEYS_OF_NOBODY") }),
  },
  {
    fault: "store not writable",
    check: "store",
    step: "this-machine",
    found: /cannot be kept/,
    async plant() {
      const file = join(await folder(), "a-file");
      await writeFile(file, "");
      return { store: lmdbStore(join(file, "store")) };
    },
  },
  {
    fault: "name service",
    check: "dns",
    step: "troubleshooting",
    found: /\((ENOTFOUND|EAI_AGAIN)\)/,
    plant: () => ({ fetch: unknownHost() }),
  },
  {
    fault: "proxy refuses the tunnel",
    check: "proxy",
    step: "troubleshooting",
    found: /could not be reached/,
    plant: async () => ({ fetch: await refusingProxy() }),
  },
  {
    fault: "proxy set and not used",
    check: "proxy",
    step: "this-machine",
    found: /ECONNREFUSED.* HTTPS_PROXY names a proxy/,
    async plant() {
      vi.stubGlobal("fetch", await nobodyThere());
      for (const [name, value] of Object.entries({
        HTTPS_PROXY: "http://me:letmein@proxy.example:8080",
        NO_PROXY: "",
        NODE_USE_ENV_PROXY: "",
      }))
        vi.stubEnv(name, value);
      onTestFinished(() => void vi.unstubAllGlobals());
      onTestFinished(() => void vi.unstubAllEnvs());
      return { fetchIsGlobal: true };
    },
  },
  {
    fault: "certificate signs itself",
    check: "tls",
    step: "this-machine",
    found: /\(DEPTH_ZERO_SELF_SIGNED_CERT\)/,
    plant: async () => ({ fetch: await untrusted() }),
  },
  {
    fault: "wrong tenant",
    check: "authority",
    step: "register-the-app",
    found: /AADSTS90002/,
    plant: ({ sim }) => ({ app: { clientId: sim.clientId, tenantId: someId } }),
  },
  {
    fault: "something else answers for Entra",
    check: "authority",
    step: "troubleshooting",
    found: /no description of a tenant/,
    plant: inTenant(({ sim }) => sim.faults.add({ name: "a portal", route: "discovery", body: "<html>Please log in</html>" })),
  },
  {
    fault: "tenant of another cloud",
    check: "authority",
    step: "national-clouds",
    found: /AADSTS90038/,
    plant: inTenant(({ sim }) => sim.faults.add({ name: "elsewhere", route: "discovery", aadsts: 90038 })),
  },
  {
    fault: "wrong client id",
    check: "application",
    step: "register-the-app",
    found: /AADSTS700016/,
    plant: ({ sim }) => ({ app: { clientId: someId, tenantId: sim.tenantId } }),
  },
  {
    fault: "application disabled",
    check: "application",
    step: "register-the-app",
    found: /AADSTS7000112/,
    plant: inTenant(({ sim }) => sim.setApp({ enabled: false })),
  },
  {
    fault: "public client flows off",
    check: "application",
    step: "public-client-flows",
    found: /AADSTS7000218/,
    plant: inTenant(({ sim }) => sim.setApp({ publicClientFlows: false })),
  },
  {
    fault: "never signed in",
    check: "vault-record",
    step: "sign-in",
    found: /has not been signed in/,
    scene: { isSignedIn: false },
    plant: () => undefined,
  },
  {
    fault: "another key",
    check: "vault-record",
    step: "this-machine",
    found: /sealed with the key "k1"; the key ring holds k2/,
    plant: () => ({ vaultKeys: keyRing([{ id: "k2", key: generateKey() }]) }),
  },
  {
    fault: "another key of the same id",
    check: "vault-record",
    step: "sign-in",
    found: /sealed by another key of the same id/,
    plant: () => ({ vaultKeys: keyRing([{ id: "k1", key: generateKey() }]) }),
  },
  {
    fault: "tampered record",
    check: "vault-record",
    step: "sign-in",
    found: /not what was sealed/,
    async plant({ store }) {
      await store.open();
      const { value } = (await store.get(["vault", address]))!;
      const { jwe } = value as { jwe: string };
      const changed = jwe.slice(0, -8) + (jwe.endsWith("AAAAAAAA") ? "BBBBBBBB" : "AAAAAAAA");
      await store.commit({ puts: [{ key: ["vault", address], value: { format: 1, jwe: changed } }] });
      await store.close();
      return undefined;
    },
  },
  {
    fault: "consent missing",
    check: "consent",
    step: "grant-consent",
    found: /AADSTS65001/,
    plant: inTenant(({ user }) => user.set({ consented: false })),
  },
  {
    fault: "multi-factor authentication for a password sign-in",
    check: "token",
    step: "multi-factor-authentication",
    found: /AADSTS50076/,
    scene: { way: "password" },
    plant: inTenant(({ user }) => user.set({ mfaRequired: true })),
  },
  {
    fault: "token revoked",
    check: "token",
    step: "keeping-sign-ins-alive",
    found: /AADSTS50173/,
    plant: inTenant(({ user }) => user.revokeSessions()),
  },
  {
    fault: "refresh token expired",
    check: "token",
    step: "keeping-sign-ins-alive",
    found: /AADSTS700082/,
    plant: inTenant(({ later }) => later(91 * days)),
  },
  {
    fault: "user disabled",
    check: "token",
    step: "the-users",
    found: /AADSTS50057/,
    plant: inTenant(({ user }) => user.set({ disabled: true })),
  },
  {
    fault: "user not assigned",
    check: "token",
    step: "assign-users",
    found: /AADSTS50105/,
    plant: inTenant(({ user }) => user.set({ assigned: false })),
  },
  {
    fault: "conditional access",
    check: "token",
    step: "conditional-access",
    found: /AADSTS53003/,
    plant: inTenant(({ sim }) => sim.faults.add({ name: "policy", route: "token", aadsts: 53003 })),
  },
  {
    fault: "Entra busy",
    check: "token",
    outcome: "warning",
    step: "troubleshooting",
    found: /answered 503/,
    plant: inTenant(({ sim }) => sim.faults.add({ name: "busy", route: "token", status: 503 })),
  },
  {
    fault: "Mail.ReadWrite missing, read only",
    check: "scopes",
    step: "grant-consent",
    found: /lacks Mail\.ReadWrite; it has User\.Read, User\.ReadBasic\.All, Mail\.Read/,
    plant: inTenant(({ user }) => user.set({ permissions: ["User.Read", "User.ReadBasic.All", "Mail.Read"] })),
  },
  {
    fault: "wrong account signed in",
    check: "identity",
    step: "sign-in",
    found: /sales@contoso\.com signed in, but support@contoso\.com is not an address of that user\.$/,
    scene: { queues: [{ address: other }] },
    async plant({ store, keys }) {
      await store.open();
      const vault = createVault({ store, keys });
      const { record } = (await vault.read(other))!;
      await vault.write(address, record, null);
      vault.close();
      await store.close();
      return { queues: [{ address }] };
    },
  },
  {
    fault: "user without licence",
    check: "mailbox",
    step: "mailbox-licence",
    found: /MailboxNotEnabledForRESTAPI/,
    plant: inTenant(({ user }) => user.set({ mailbox: false })),
  },
  {
    fault: "licence that covers no mailbox",
    check: "mailbox",
    step: "mailbox-licence",
    found: /ErrorInvalidLicense/,
    plant: inTenant(({ sim }) => sim.faults.add({ name: "licence", route: "folder", status: 403, graphCode: "ErrorInvalidLicense" })),
  },
  {
    fault: "mailbox soft-deleted",
    check: "mailbox",
    step: "mailbox-licence",
    found: /404 MailboxNotEnabledForRESTAPI/,
    plant: inTenant(({ sim }) =>
      sim.faults.add({ name: "inactive", route: "folder", status: 404, graphCode: "MailboxNotEnabledForRESTAPI" }),
    ),
  },
  {
    fault: "mailbox deleted",
    check: "mailbox",
    step: "the-users",
    found: /ErrorNonExistentMailbox/,
    plant: inTenant(({ sim }) => sim.faults.add({ name: "deleted", route: "folder", status: 404, graphCode: "ErrorNonExistentMailbox" })),
  },
  {
    fault: "mailbox moving",
    check: "mailbox",
    step: "troubleshooting",
    found: /ErrorMailboxMoveInProgress/,
    plant: inTenant(({ sim }) => sim.faults.add({ name: "moving", route: "folder", status: 503, graphCode: "ErrorMailboxMoveInProgress" })),
  },
  {
    fault: "mailbox throttled",
    check: "mailbox",
    step: "troubleshooting",
    found: /429/,
    plant: inTenant(({ sim }) => sim.faults.add({ name: "limit", route: "folder", status: 429, retryAfter: 120 })),
  },
  {
    fault: "shared mailbox without rights",
    check: "mailbox",
    step: "shared-mailboxes",
    found: /ErrorAccessDenied/,
    plant: () => ({ queues: [{ address: other, account: address }] }),
  },
  {
    fault: "shared mailbox that is not there",
    check: "mailbox",
    step: "the-users",
    found: /ErrorInvalidUser/,
    plant: () => ({ queues: [{ address: "nobody@contoso.com", account: address }] }),
  },
  {
    fault: "folder missing",
    check: "folders",
    step: "troubleshooting",
    found: /below inbox there is no "Complaints", but "Orders"/,
    plant({ user }) {
      user.mailbox.addFolder("Orders", "Inbox");
      return { queues: [{ address, folders: ["inbox", "inbox/Complaints"] }] };
    },
  },
  {
    fault: "cloud without delta",
    check: "delta",
    outcome: "warning",
    step: "national-clouds",
    found: /no delta/,
    scene: { cloud: "china" },
    plant: () => undefined,
  },
  {
    fault: "mailbox full",
    check: "delta",
    step: "full-mailboxes",
    found: /ErrorQuotaExceeded/,
    plant: inTenant(({ sim }) => sim.faults.add({ name: "full", route: "delta", status: 403, graphCode: "ErrorQuotaExceeded" })),
  },
  {
    fault: "clock behind",
    check: "clock",
    step: "this-machine",
    found: /10 minutes behind/,
    plant: inTenant(({ skew }) => skew(10 * minutes)),
  },
  {
    fault: "clock ahead",
    check: "clock",
    step: "this-machine",
    found: /10 minutes ahead/,
    plant: inTenant(({ skew }) => skew(-10 * minutes)),
  },
];

const table: string[][] = [["fault", "check", "outcome", "step"]];

/** Failures and warnings. */
const complaints = (findings: readonly Finding[]) => findings.filter(({ outcome }) => outcome === "failed" || outcome === "warning");

test("a set-up without a fault has every link in order, and no mail is touched", async () => {
  const { doctor, sim, user } = await doctorScene();
  const id = user.mailbox.deliver({ subject: "Hello" });
  const findings = await doctor();
  expect(findings.map(({ check }) => check)).toEqual([...doctorChecks]);
  expect(findings.filter(({ outcome }) => outcome !== "ok")).toEqual([]);
  expect(touched(sim)).toEqual([]);
  expect(user.mailbox.message(id)?.isRead).toBe(false);
});

test.each(planted)(
  "$fault: found at $check, with the step $step",
  async ({ fault, check, outcome = "failed", step, found, scene, plant }) => {
    const world = await doctorScene(scene);
    const { fetchIsGlobal, ...changes } = (await plant(world)) ?? {};
    const findings = await world.doctor(changes, fetchIsGlobal ? ["fetch"] : []);
    const [first] = complaints(findings);
    expect(first).toMatchObject({
      check,
      outcome,
      step,
      found: expect.stringMatching(found),
      remedy: expect.any(String),
      who: expect.any(String),
    });
    expect(setUpSteps).toContain(step);
    // Whatever else is said follows from it, or was not looked at.
    expect(complaints(findings).filter((one) => one.check !== check && !follows(check, one.check))).toEqual([]);
    expect(new Set(findings.map((one) => one.check))).toEqual(new Set(doctorChecks));
    expect(touched(world.sim)).toEqual([]);
    table.push([fault, check, outcome, step]);
  },
);

/** A token that may only read cannot mark either. */
const follows = (first: DoctorCheck, second: DoctorCheck) => first === "scopes" && second === "marks";

test("a store that another process's daemon owns is a note, not a failure, and stays that daemon's", async () => {
  const scene = await doctorScene();
  const path = await folder();
  const owner = await startStoreProcess(path);
  await owner.order("open");
  await owner.order("own");
  const store = lmdbStore(path);
  const findings = await scene.doctor({ store });
  const found = expect.stringContaining(`process ${owner.child.pid}`);
  expect(findings.find(({ check }) => check === "owner")).toMatchObject({ outcome: "ok", found });
  expect(complaints(findings).map(({ check }) => check)).toEqual(["vault-record"]);
  const record = await owner.order("get", { key: ["daemon", "owner"] });
  expect(record.answer).toMatchObject({ value: { processId: owner.child.pid } });
  expect(owner.told.map(({ told }) => told)).not.toContain("lost");
  table.push(["store in use by another daemon", "owner", "ok", "(a note)"]);
});

afterAll(() => {
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  const lines = table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join(" | ")
      .trimEnd(),
  );
  console.log([`The doctor and ${table.length - 1} planted set-up faults:`, ...lines].join("\n"));
});
