/**
 * The device codes issued: who waits, how fast it may ask, and what the person said.
 * Invariant: a code is redeemed once at most, and never after 15 minutes; each question that comes too soon makes the wait five seconds
 * longer. Source: entra-docs v2-oauth2-device-code, RFC 8628 section 3.5. Knows no request.
 */
import { randomBytes } from "node:crypto";
import type { Account } from "../directory.js";
import type { Random } from "../random.js";
import { tellSecret } from "../secret-channel.js";

/** One device code. */
export interface DeviceCode {
  readonly deviceCode: string;
  readonly userCode: string;
  readonly scope: string | undefined;
  readonly claims: string | undefined;
  readonly expiresAt: number;
  intervalSeconds: number;
  /** Undefined until the first question. */
  askedAt: number | undefined;
  /** What the person said; undefined until then. */
  verdict: { readonly account: Account; readonly at: number } | "declined" | undefined;
  redeemed: boolean;
}

/** The device codes of a tenant. */
export interface DeviceCodes {
  issue(asked: { scope: string | undefined; claims: string | undefined }): DeviceCode;
  find(deviceCode: string): DeviceCode | undefined;
  /** The code that a person typed, as long as it waits for one; letter case and blanks do not count. */
  waiting(userCode: string): DeviceCode | undefined;
}

/** Life of a device code in seconds. */
export const deviceCodeLifeSeconds = 900;

/** No vowels, so that no words come out. */
const letters = "BCDFGHJKLMNPQRSTVWXZ23456789";

/** Makes a store without codes. */
export function createDeviceCodes(now: () => number, random: Random): DeviceCodes {
  const byDeviceCode = new Map<string, DeviceCode>();
  const byUserCode = new Map<string, DeviceCode>();

  function freeUserCode(): string {
    const code = Array.from({ length: 9 }, () => random.pick([...letters])).join("");
    return byUserCode.has(code) ? freeUserCode() : code;
  }

  return {
    issue(asked) {
      const code: DeviceCode = {
        deviceCode: tellSecret("device-code", `DAQ${randomBytes(96).toString("base64url")}`),
        userCode: freeUserCode(),
        ...asked,
        expiresAt: now() + deviceCodeLifeSeconds * 1000,
        intervalSeconds: 5,
        askedAt: undefined,
        verdict: undefined,
        redeemed: false,
      };
      byDeviceCode.set(code.deviceCode, code);
      byUserCode.set(code.userCode, code);
      return code;
    },
    find: (deviceCode) => byDeviceCode.get(deviceCode),
    waiting(userCode) {
      const code = byUserCode.get(userCode.replaceAll(/\s/g, "").toUpperCase());
      return code && code.verdict === undefined && now() < code.expiresAt ? code : undefined;
    },
  };
}
