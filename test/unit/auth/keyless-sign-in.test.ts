import { describe, expect, it } from "vitest";
import type { KeyRing } from "../../../src/auth/key-ring.js";
import type { SignInMethod } from "../../../src/auth/sign-in-method.js";
import { MailError } from "../../../src/base/errors.js";
import { rejected } from "../../support/rejection.js";
import { address, setUp } from "./set-up.js";

const keyless: KeyRing = { load: () => Promise.reject(new MailError("AUTH_VAULT_KEY_MISSING", "There is no key.")) };

/** What a sign-in did before it ended: its requests, and what it showed to a person. */
async function attempt(ring: KeyRing | undefined, name: "browser" | "deviceCode" | "refreshToken") {
  const { process, user, network } = await setUp();
  const { accounts } = process(ring);
  const shown: string[] = [];
  const given = new MailError("LIFECYCLE_STOPPED", "Enough was seen.");
  const show = (what: string) => {
    shown.push(what);
    throw given;
  };
  const methods: Record<typeof name, SignInMethod> = {
    browser: { method: "browser", openUrl: () => show("page") },
    deviceCode: { method: "deviceCode", onPrompt: () => show("code") },
    refreshToken: { method: "refreshToken", refreshToken: user.issueRefreshToken() },
  };
  const outcome = await accounts.signIn(address, methods[name]).then(
    () => "signed in",
    (error: unknown) => (error as MailError).code,
  );
  return { outcome, shown, hosts: network.hosts };
}

const entra = "login.microsoftonline.com";

describe("without a vault key", () => {
  it.each(["browser", "deviceCode", "refreshToken"] as const)("a sign-in by %s shows nothing to anybody and asks nobody", async (name) => {
    expect(await attempt(keyless, name)).toEqual({ outcome: "AUTH_VAULT_KEY_MISSING", shown: [], hosts: [] });
  });

  it("a sign-in says whose queue it was", async () => {
    const { process, user } = await setUp();
    const method = { method: "refreshToken", refreshToken: user.issueRefreshToken() } as const;
    expect(await rejected(process(keyless).accounts.signIn(address, method))).toMatchObject({ queue: address });
  });
});

it("with a vault key the same sign-ins show their page or code, and ask", async () => {
  expect(await attempt(undefined, "browser")).toEqual({ outcome: "AUTH_SIGN_IN_REQUIRED", shown: ["page"], hosts: [] });
  expect(await attempt(undefined, "deviceCode")).toEqual({ outcome: "AUTH_SIGN_IN_REQUIRED", shown: ["code"], hosts: [entra] });
  expect(await attempt(undefined, "refreshToken")).toMatchObject({
    outcome: "signed in",
    shown: [],
    hosts: [entra, "graph.microsoft.com"],
  });
});
