/** Whatever is the matter with the vault, its queue waits for a person and notices when it is mended. */
import { expect, test } from "vitest";
import { MailError, type MailErrorCode } from "../../../src/base/errors.js";
import { settle } from "../../support/manual-clock.js";
import { createPolling, fine } from "./polling.js";

type VaultCode = Extract<MailErrorCode, `AUTH_VAULT_${string}`>;

/** The compiler wants every code of the vault here. */
const vaultCodes: Readonly<Record<VaultCode, true>> = {
  AUTH_VAULT_KEY_MISSING: true,
  AUTH_VAULT_KEY_LOCKED: true,
  AUTH_VAULT_KEY_UNKNOWN: true,
  AUTH_VAULT_NEWER_FORMAT: true,
  AUTH_VAULT_TAMPERED: true,
};

test.each(Object.keys(vaultCodes) as VaultCode[])("after %s a queue waits for a sign-in, and goes on when one comes", async (code) => {
  const scene = await createPolling();
  scene.begin();
  await settle();
  await scene.end(new MailError(code, "It does not open."));
  expect([scene.poller.state, scene.poller.why]).toEqual(["waiting-for-sign-in", `${code}: It does not open.`]);
  expect(scene.of("queue:failed")).toMatchObject([{ code, nextInMs: Number.POSITIVE_INFINITY }]);
  await scene.clock.advance(24 * 3_600_000);
  expect([scene.turns, scene.watches.length]).toEqual([1, 1]);
  scene.signIn();
  await settle();
  expect([scene.turns, scene.poller.state]).toEqual([2, "polling"]);
  await scene.end(fine);
  expect(scene.poller.state).toBe("idle");
});
