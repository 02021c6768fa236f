/**
 * What ends or stops a sign-in that worked, one condition after another, in a running daemon: a person's act, an
 * administrator's, a policy's, a licence that is gone, time.
 */
import { expect, test } from "vitest";
import type { SignInMethod } from "../../src/index.js";
import { address, other, type RefusalScene, refusalScene, runningScene } from "./refusal-scene.js";

const password = "correct horse battery";
const dayMs = 86_400_000;

type Way = "password" | "browser" | "deviceCode";

interface Cause {
  /** How the session began. Default: in the browser. */
  readonly way?: Way;
  readonly befalls: (scene: RefusalScene) => void;
  readonly mended: (scene: RefusalScene) => void;
  readonly expected: { readonly serviceCode: string; readonly who: string; readonly step: string };
}

const user = ({ sim }: RefusalScene) => sim.user(address);
const nothing = () => undefined;

const causes: Readonly<Record<string, Cause>> = {
  "sessions that were revoked": {
    befalls: (scene) => user(scene).revokeSessions(),
    mended: nothing,
    expected: { serviceCode: "AADSTS50173", who: "user", step: "keeping-sign-ins-alive" },
  },
  "a new password": {
    way: "password",
    befalls: (scene) => user(scene).setPassword("another horse battery"),
    mended: nothing,
    expected: { serviceCode: "AADSTS50173", who: "user", step: "keeping-sign-ins-alive" },
  },
  "a second factor demanded of a session that began with a password": {
    way: "password",
    befalls: (scene) => user(scene).set({ mfaRequired: true }),
    mended: nothing,
    expected: { serviceCode: "AADSTS50076", who: "user", step: "multi-factor-authentication" },
  },
  "a second factor to be registered in a session that began with a password": {
    way: "password",
    befalls: (scene) => user(scene).set({ mustRegisterMfa: true }),
    mended: nothing,
    expected: { serviceCode: "AADSTS50079", who: "user", step: "multi-factor-authentication" },
  },
  "a policy against sessions that began with a device code": {
    way: "deviceCode",
    befalls: (scene) => user(scene).set({ deviceCodeBlocked: true }),
    mended: nothing,
    expected: { serviceCode: "AADSTS530036", who: "user", step: "device-code" },
  },
  "a sign-in frequency": {
    befalls: (scene) => user(scene).set({ signInFrequencySeconds: 3_600 }),
    mended: nothing,
    expected: { serviceCode: "AADSTS70043", who: "administrator", step: "conditional-access" },
  },
  "a disabled account": {
    befalls: (scene) => user(scene).set({ disabled: true }),
    mended: (scene) => user(scene).set({ disabled: false }),
    expected: { serviceCode: "AADSTS50057", who: "administrator", step: "the-users" },
  },
  "an assignment that is gone": {
    befalls: (scene) => user(scene).set({ assigned: false }),
    mended: (scene) => user(scene).set({ assigned: true }),
    expected: { serviceCode: "AADSTS50105", who: "administrator", step: "assign-users" },
  },
  "a consent that was taken back": {
    befalls: (scene) => user(scene).set({ consented: false }),
    mended: (scene) => user(scene).set({ consented: true }),
    expected: { serviceCode: "AADSTS65001", who: "administrator", step: "grant-consent" },
  },
};

test.each(Object.entries(causes))("%s: one queue waits for its sign-in, and with it goes on", async (_, cause) => {
  const { way = "browser", befalls, mended, expected } = cause;
  const scene = refusalScene();
  const { sim, endTokens, until, of } = scene;
  // A new password ends the sign-ins before it.
  sim.user(address).setPassword(password);
  const { running, signIn, state, delivers, goesOn } = scene.process();
  await running();
  const imported = (): SignInMethod => ({ method: "refreshToken", refreshToken: sim.user(address).issueRefreshToken({ way }) });
  await signIn(address, way === "password" ? { method: "password", password } : imported());
  // A poll may have met the password that was set here for the first time.
  const before = of("queue:sign-in-required").length;
  befalls(scene);
  endTokens();
  await until(() => state().state === "waiting-for-sign-in");
  const { who, step } = expected;
  expect(state()).toMatchObject({ who, step, remedy: expect.stringMatching(new RegExp(`\\(${who}; docs/setup-entra\\.md#${step}\\)$`)) });
  await delivers(other);
  expect(of("queue:sign-in-required").slice(before)).toMatchObject([{ queue: address, code: "AUTH_SIGN_IN_REQUIRED", ...expected }]);
  mended(scene);
  // A person in the browser meets every second factor, and is a session of its own.
  await signIn();
  await goesOn();
  expect(of("queue:sign-in-required")).toHaveLength(before + 1);
});

test.each([
  ["disabled", { enabled: false }, { serviceCode: "AADSTS7000112", who: "administrator", step: "register-the-app" }],
  ["deleted", { registered: false }, { serviceCode: "AADSTS700016", who: "developer", step: "register-the-app" }],
] as const)("an app that is %s is one alarm, and all queues go on when it is back", async (_, change, expected) => {
  const { sim, endTokens, until, state, of, goesOn, clock } = await runningScene();
  sim.setApp(change);
  endTokens();
  await until(() => [address, other].every((queue) => state(queue).state === "waiting-for-sign-in"));
  expect(of("app:refused")).toMatchObject([{ code: "AUTH_APP_REFUSED", ...expected }]);
  sim.setApp({ enabled: true, registered: true });
  clock.freeze(60_000);
  await Promise.all([goesOn(address), goesOn(other)]);
  expect([of("app:refused").length, of("app:accepted").length]).toEqual([1, 1]);
});

test.each([
  ["90 days", {}, 90],
  ["the three days that its tenant leaves it", { refreshTokenExpiresInSeconds: 3 * 86_400 }, 3],
])("a sign-in that nobody used for %s, as no daemon ran, has to be made anew", async (_, policy, days) => {
  const scene = refusalScene([address]);
  const { sim, clock, done, until, of } = scene;
  sim.user(address).set(policy);
  const first = scene.process();
  await first.running();
  await done(first.daemon.stop());
  clock.freeze(days * dayMs + 1);

  const second = scene.process();
  await done(second.daemon.start());
  await until(() => second.state().state === "waiting-for-sign-in");
  expect(of("queue:sign-in-required")).toMatchObject([{ serviceCode: "AADSTS700082", who: "user", step: "keeping-sign-ins-alive" }]);
  await second.signIn();
  await second.goesOn();
});

test("a sign-in that was used a day before that lives on", async () => {
  const scene = refusalScene([address]);
  const { clock, done, of } = scene;
  const first = scene.process();
  await first.running();
  await done(first.daemon.stop());
  clock.freeze(89 * dayMs);
  const second = scene.process();
  await done(second.daemon.start());
  await second.goesOn();
  expect(of("queue:sign-in-required")).toEqual([]);
});

test("a licence without a mailbox makes the queue unavailable, and it goes on by itself when it has one", async () => {
  const { sim, until, state, of, delivers, goesOn, clock } = await runningScene();
  sim.user(address).set({ mailbox: false });
  await until(() => state().state === "unavailable");
  expect(state()).toMatchObject({ who: "administrator", step: "mailbox-licence" });
  expect(of("queue:failed")).toMatchObject([{ code: "GRAPH_MAILBOX_UNAVAILABLE", serviceCode: "MailboxNotEnabledForRESTAPI" }]);
  await delivers(other);
  sim.user(address).set({ mailbox: true });
  clock.freeze(300_000);
  await goesOn();
});

test("a shared mailbox that its account may not open is tried again until it may", async () => {
  const shared = "desk@contoso.com";
  const scene = refusalScene([shared, other]);
  const { sim, until, of, done } = scene;
  const process = scene.process({ queues: [{ address: shared, account: other }, { address: other }] });
  await process.signIn(other);
  await done(process.daemon.start());
  await until(() => of("queue:failed").length === 2);
  expect(process.state(shared)).toMatchObject({ state: "idle", who: "administrator", step: "shared-mailboxes" });
  expect(of("queue:failed")).toMatchObject(
    [1, 2].map(() => ({ queue: shared, code: "GRAPH_FORBIDDEN", serviceCode: "ErrorAccessDenied" })),
  );
  await process.delivers(other);
  sim.user(shared).grantAccess(other);
  await process.goesOn(shared);
});
