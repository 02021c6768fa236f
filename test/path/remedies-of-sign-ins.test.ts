/** What makes Entra refuse a sign-in, one condition after another: the error that a host gets, who acts, and the step of the guide. */
import { expect, test } from "vitest";
import type { AppState, SimulatorOptions, UserState } from "../../simulator/index.js";
import type { AppOptions, MailError, SignInMethod } from "../../src/index.js";
import { rejected } from "../support/rejection.js";
import { address, other, type RefusalScene, refusalScene } from "./refusal-scene.js";

const password = "correct horse battery";

interface Cause {
  readonly user?: Partial<UserState>;
  readonly registration?: Partial<AppState>;
  readonly app?: Partial<AppOptions>;
  readonly tenant?: SimulatorOptions;
  /** Default: the right password. */
  readonly method?: (scene: RefusalScene) => SignInMethod;
  readonly expected: Pick<MailError, "code"> & Partial<Pick<MailError, "serviceCode" | "who" | "step">>;
}

const byPassword =
  (more: Partial<Extract<SignInMethod, { method: "password" }>> = {}) =>
  (): SignInMethod => ({
    method: "password",
    password,
    ...more,
  });
const byBrowser =
  (decline = false) =>
  ({ sim }: RefusalScene): SignInMethod => ({ method: "browser", openUrl: (url) => sim.user(address).signInAt(url, { decline }) });
const byDeviceCode =
  (decline = false) =>
  ({ sim }: RefusalScene): SignInMethod => ({
    method: "deviceCode",
    onPrompt: ({ userCode }) => sim.user(address).enterDeviceCode(userCode, { decline }),
  });
const byRefreshToken =
  (give: (scene: RefusalScene) => string) =>
  (scene: RefusalScene): SignInMethod => ({
    method: "refreshToken",
    refreshToken: give(scene),
  });

/** Of the form of Entra's, and of nobody's. */
const foreignToken = `1.AX${"a".repeat(40)}.${"b".repeat(600)}`;
const person = "AUTH_SIGN_IN_REQUIRED";
const application = "AUTH_APP_REFUSED";

const causes: Readonly<Record<string, Cause>> = {
  "a second factor that a password cannot give": {
    user: { mfaRequired: true },
    expected: { code: person, serviceCode: "AADSTS50076", who: "user", step: "multi-factor-authentication" },
  },
  "a second factor that is not registered": {
    user: { mustRegisterMfa: true },
    expected: { code: person, serviceCode: "AADSTS50079", who: "user", step: "multi-factor-authentication" },
  },
  "a wrong password": {
    method: byPassword({ password: "wrong horse" }),
    expected: { code: person, serviceCode: "AADSTS50126", who: "user", step: "password" },
  },
  "a password that another identity provider keeps": {
    user: { federated: true },
    expected: { code: person, serviceCode: "AADSTS50126", who: "user", step: "password" },
  },
  "an expired password": {
    user: { passwordExpired: true },
    expected: { code: person, serviceCode: "AADSTS50055", who: "user", step: "password" },
  },
  "a guest": {
    user: { guest: true },
    expected: { code: person, serviceCode: "AADSTS50020", who: "user", step: "the-users" },
  },
  "a user that is not there": {
    method: byPassword({ username: "nobody@contoso.com" }),
    expected: { code: person, serviceCode: "AADSTS50034", who: "administrator", step: "the-users" },
  },
  "a disabled user": {
    user: { disabled: true },
    expected: { code: person, serviceCode: "AADSTS50057", who: "administrator", step: "the-users" },
  },
  "a user who is not assigned to the app": {
    user: { assigned: false },
    expected: { code: person, serviceCode: "AADSTS50105", who: "administrator", step: "assign-users" },
  },
  "security defaults": {
    user: { securityDefaults: true },
    expected: { code: person, serviceCode: "AADSTS530035", who: "user", step: "conditional-access" },
  },
  "missing consent, by password": {
    user: { consented: false },
    expected: { code: person, serviceCode: "AADSTS65001", who: "administrator", step: "grant-consent" },
  },
  "missing consent, in the browser": {
    user: { consented: false },
    method: byBrowser(),
    expected: { code: person, serviceCode: "AADSTS90094", who: "administrator", step: "grant-consent" },
  },
  "somebody who gives up in the browser": {
    method: byBrowser(true),
    expected: { code: person, serviceCode: "AADSTS65004", who: "user", step: "browser" },
  },
  "somebody who declines the device code": {
    method: byDeviceCode(true),
    expected: { code: person, serviceCode: "AADSTS65004", who: "user", step: "device-code" },
  },
  "a policy against device codes": {
    user: { deviceCodeBlocked: true },
    method: byDeviceCode(),
    expected: { code: person, serviceCode: "AADSTS53003", who: "administrator", step: "conditional-access" },
  },
  "a refresh token that was cut": {
    method: byRefreshToken(({ sim }) => sim.user(address).issueRefreshToken().slice(0, 100)),
    expected: { code: person, serviceCode: "AADSTS9002313", who: "user", step: "refresh-token" },
  },
  "a refresh token that Entra does not know": {
    method: byRefreshToken(() => foreignToken),
    expected: { code: person, serviceCode: "AADSTS70000", who: "user", step: "sign-in" },
  },
  "a refresh token of another user": {
    method: byRefreshToken(({ sim }) => sim.user(other).issueRefreshToken()),
    expected: { code: "AUTH_WRONG_ACCOUNT", who: "user", step: "sign-in" },
  },
  "public client flows off, by password": {
    tenant: { publicClientFlows: false },
    expected: { code: application, serviceCode: "AADSTS7000218", who: "developer", step: "public-client-flows" },
  },
  "public client flows off, by device code": {
    tenant: { publicClientFlows: false },
    method: byDeviceCode(),
    expected: { code: application, serviceCode: "AADSTS7000218", who: "developer", step: "public-client-flows" },
  },
  "an app that is not registered": {
    registration: { registered: false },
    expected: { code: application, serviceCode: "AADSTS700016", who: "developer", step: "register-the-app" },
  },
  "an app that is disabled": {
    registration: { enabled: false },
    expected: { code: application, serviceCode: "AADSTS7000112", who: "administrator", step: "register-the-app" },
  },
  "the id of another tenant": {
    app: { tenantId: "00000000-1111-4222-8333-444444444444" },
    expected: { code: application, serviceCode: "AADSTS90002", who: "developer", step: "register-the-app" },
  },
  "a tenant of another cloud": {
    tenant: { authorityHost: "login.microsoftonline.us" },
    expected: { code: application, serviceCode: "AADSTS90038", who: "developer", step: "national-clouds" },
  },
  "the name of all tenants": {
    app: { tenantId: "common" },
    expected: { code: "CONFIG_INVALID" },
  },
};

test.each(Object.entries(causes))("%s: the sign-in is refused with who does what, and nothing is stored", async (_, cause) => {
  const { user, registration = {}, app = {}, tenant, method = byPassword(), expected } = cause;
  const scene = refusalScene([address, other], tenant);
  const { sim, store, process } = scene;
  sim.user(address).setPassword(password);
  sim.user(address).set(user ?? {});
  sim.setApp(registration);
  const signingIn = async () => process({ app: { clientId: sim.clientId, tenantId: sim.tenantId, ...app } }).signIn(address, method(scene));
  const error = await rejected(signingIn(), { secrets: [password, foreignToken] });
  const { code, serviceCode, who, step, remedy } = error;
  expect({ code, serviceCode, who, step }).toEqual({ serviceCode: undefined, who: undefined, step: undefined, ...expected });
  if (who) expect(remedy).toMatch(new RegExp(`\\S\\. \\(${who}; docs/setup-entra\\.md#${step}\\)$`));
  await store.open();
  expect(await store.get(["vault", address])).toBeUndefined();
  await store.close();
});

test("an account that wrong passwords have locked is refused with its right one as well", async () => {
  // The US Government's clouds lock after three.
  const { sim, process } = refusalScene();
  sim.user(address).setPassword(password);
  const { signIn } = process({ app: { clientId: sim.clientId, tenantId: sim.tenantId, cloud: "usGovHigh" } });
  const lastOf = async (given: readonly string[]) => {
    let error: MailError | undefined;
    for (const one of given) error = await rejected(signIn(address, { method: "password", password: one }), { secrets: given });
    return error;
  };
  expect(await lastOf(["wrong horse 1", "wrong horse 2"])).toMatchObject({ serviceCode: "AADSTS50126" });
  const locked = { code: person, serviceCode: "AADSTS50053", who: "administrator", step: "password" };
  expect(await lastOf(["wrong horse 3"])).toMatchObject(locked);
  expect(await lastOf([password])).toMatchObject(locked);
});

test("without a condition every way of signing in gets through", async () => {
  for (const method of [byPassword(), byBrowser(), byDeviceCode(), byRefreshToken(({ sim }) => sim.user(address).issueRefreshToken())]) {
    const scene = refusalScene();
    scene.sim.user(address).setPassword(password);
    const given = method(scene);
    expect(await scene.process().signIn(address, given)).toMatchObject({ account: address, method: given.method, replaced: "nothing" });
  }
});
