/**
 * The ways of signing in, as one table: what each takes, how long it may last, and the flow behind it.
 *
 * Invariant: what a host gives is checked here before anything is asked or spent, and no value of it is repeated in an
 * error. It must not know what becomes of the grant.
 */
import { z } from "zod";
import { checked } from "../base/check.js";
import type { Clock } from "../base/clock.js";
import { type BrowserSignIn, browserFlow } from "./methods/browser.js";
import { type DeviceCodeSignIn, deviceCodeFlow } from "./methods/device-code.js";
import type { Flow } from "./methods/flow.js";
import { type PasswordSignIn, passwordFlow } from "./methods/password.js";
import { type RefreshTokenSignIn, refreshTokenFlow } from "./methods/refresh-token.js";

/** How an account can be signed in. */
export type SignInMethod = BrowserSignIn | DeviceCodeSignIn | PasswordSignIn | RefreshTokenSignIn;

/** What a flow is made with. */
export interface FlowSetting {
  readonly account: string;
  /** The authority's host. */
  readonly host: string;
  readonly clock: Clock;
}

const aFunction = z.custom<(...given: never[]) => unknown>((value) => typeof value === "function", { error: "a function" });
const limits = {
  signal: z.custom<AbortSignal>((value) => value instanceof AbortSignal, { error: "an AbortSignal" }).optional(),
  timeLimitMs: z.number().int().min(1_000).max(3_600_000).optional(),
};

/** Entra takes no password with a space at either end by this way (identity-platform/v2-oauth-ropc). */
const password = z.string().refine((text) => text !== "" && text.trim() === text, {
  error: "a password without a space at either end (the password method cannot carry one; sign in with the browser)",
});

const methodSchema = z.discriminatedUnion(
  "method",
  [
    z.strictObject({ method: z.literal("browser"), openUrl: aFunction, port: z.number().int().min(0).max(65_535).optional(), ...limits }),
    z.strictObject({ method: z.literal("deviceCode"), onPrompt: aFunction, ...limits }),
    z.strictObject({
      method: z.literal("password"),
      username: z.string().min(1).optional(),
      password,
      tryAgain: z.boolean().optional(),
      ...limits,
    }),
    z.strictObject({
      method: z.literal("refreshToken"),
      refreshToken: z.string().refine((text) => /^\S+$/.test(text), { error: "a refresh token: one text without spaces or line breaks" }),
      ...limits,
    }),
  ],
  {
    error:
      'one of { method: "browser" }, { method: "deviceCode" }, { method: "password" }, { method: "refreshToken" }, with what belongs to it',
  },
);

/** @throws ConfigError `CONFIG_INVALID` */
export function checkedMethod(given: unknown): SignInMethod {
  return checked(methodSchema, given, "method") as SignInMethod;
}

const flows: {
  readonly [Name in SignInMethod["method"]]: {
    /** A person takes part; Entra's own codes live for 15 minutes. */
    readonly withPerson: boolean;
    make(method: Extract<SignInMethod, { method: Name }>, setting: FlowSetting): Flow;
  };
} = {
  browser: { withPerson: true, make: (method, { account, host, clock }) => browserFlow(method, { account, host, now: () => clock.now() }) },
  deviceCode: { withPerson: true, make: (method, { host, clock }) => deviceCodeFlow(method, host, clock) },
  password: { withPerson: false, make: (method, { account }) => passwordFlow(method, account) },
  refreshToken: { withPerson: false, make: (method) => refreshTokenFlow(method) },
};

export function flowOf(method: SignInMethod, setting: FlowSetting): Flow {
  const { make } = flows[method.method] as { make(method: SignInMethod, setting: FlowSetting): Flow };
  return make(method, setting);
}

/** Milliseconds that the sign-in may take, its questions to Graph included. */
export function timeLimitOf({ method, timeLimitMs }: SignInMethod): number {
  return timeLimitMs ?? (flows[method].withPerson ? 900_000 : 60_000);
}

/** Whether a person can answer claims that a policy asks for. */
export function hasPerson({ method }: SignInMethod): boolean {
  return flows[method].withPerson;
}
