/**
 * Signing in with a device code: a person opens a page on any device and types a code. For servers that no browser can
 * reach; Microsoft recommends blocking it wherever possible (entra, authentication flows), so it is not the first choice.
 */

import type { Clock } from "../../base/clock.js";
import { MailError } from "../../base/errors.js";
import { sharedWait } from "../../base/shared-wait.js";
import { codeLifeMs, pollingForDevice } from "../device-polling.js";
import { type Flow, handedBack, type SignInLimits } from "./flow.js";

/** What the person has to be told. */
export interface DevicePrompt {
  /** What to type, for a person; worthless after the sign-in, but whoever enters it decides who signs in. */
  readonly userCode: string;
  /** The page to open. */
  readonly verificationUri: string;
  /** Entra's own sentence, with both. */
  readonly message: string;
  /** Epoch milliseconds at which the code ends. */
  readonly expiresAt: number;
}

export interface DeviceCodeSignIn extends SignInLimits {
  readonly method: "deviceCode";
  /** Shows the code to the person; what it throws ends the sign-in. */
  readonly onPrompt: (prompt: DevicePrompt) => unknown;
}

export function deviceCodeFlow({ onPrompt }: DeviceCodeSignIn, host: string, clock: Clock): Flow {
  return {
    travel: (http) => pollingForDevice(http, { host, clock }),
    acquire(application, { scopes, claims, signal }) {
      let fail: (error: MailError) => void = () => undefined;
      const failed = new Promise<never>((_, reject) => {
        fail = reject;
      });
      const prompt = async (given: DevicePrompt) => onPrompt(given);
      const acquired = application.acquireTokenByDeviceCode({
        scopes,
        ...(claims === undefined ? {} : { claims }),
        deviceCodeCallback({ userCode, verificationUri, message, expiresIn }) {
          prompt({ userCode, verificationUri, message, expiresAt: clock.now() + codeLifeMs(expiresIn) }).catch((cause: unknown) =>
            fail(new MailError("AUTH_SIGN_IN_REQUIRED", "`onPrompt` failed, so nobody could be shown the code.", { cause, ...handedBack })),
          );
        },
      });
      // The polling ends with the signal, which the failure of this promise leads to.
      acquired.catch(() => undefined);
      return sharedWait(Promise.race([acquired, failed]), signal);
    },
  };
}
