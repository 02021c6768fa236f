/**
 * How `sign-in` signs in: by browser, device code or password, with what the person must see told on standard error.
 *
 * Invariants: a password is taken from a terminal without an echo or from standard input, never from the command line,
 * and kept for one sign-in; one that is piped in is for one account, so that none is ever sent for another.
 */
import type { SignInMethod } from "../auth/sign-in-method.js";
import { ConfigError } from "../base/errors.js";
import type { CommandContext } from "./context.js";
import { openInBrowser } from "./open-url.js";
import { readPiped } from "./piped.js";
import type { Terminal } from "./terminal.js";

export interface WayOptions {
  readonly deviceCode?: boolean;
  readonly password?: boolean;
  readonly passwordStdin?: boolean;
  readonly tryAgain?: boolean;
  readonly port?: number;
  /** Default true. */
  readonly open?: boolean;
}

export interface Way {
  readonly context: CommandContext;
  readonly options: WayOptions;
  /** The address of the one that stands in for Microsoft, if one does. */
  readonly simulator: string | undefined;
}

/** @throws ConfigError `CONFIG_INVALID` for words that do not go together */
export function assertOneWay({ deviceCode, password, passwordStdin, tryAgain, port }: WayOptions, accounts?: number): void {
  const ways = [deviceCode, password, passwordStdin].filter((chosen) => chosen === true);
  if (ways.length > 1) throw new ConfigError("CONFIG_INVALID", "Expected one of --device-code, --password and --password-stdin.");
  const byPassword = password === true || passwordStdin === true;
  if (tryAgain && !byPassword) throw new ConfigError("CONFIG_INVALID", "--try-again belongs to --password or --password-stdin.");
  if (port !== undefined && ways.length > 0) throw new ConfigError("CONFIG_INVALID", "--port belongs to the sign-in by browser.");
  if (passwordStdin && accounts !== undefined && accounts > 1) {
    throw new ConfigError(
      "CONFIG_INVALID",
      `Expected one account for --password-stdin, got ${accounts}: one password must not be tried for several. Name one queue.`,
    );
  }
}

/** @throws ConfigError `CONFIG_INVALID` where a password is to be asked for and nobody sits there */
export function assertAskable({ password }: WayOptions, { isInteractive }: Terminal): void {
  if (!password || isInteractive) return;
  throw new ConfigError("CONFIG_INVALID", "Nobody can be asked for a password here: pipe it in with --password-stdin.");
}

/** The method for one account. @throws MailError `LIFECYCLE_STOPPED` (an interruption) after Ctrl-C */
export async function methodFor(account: string, { context, options, simulator }: Way): Promise<SignInMethod> {
  const { terminal, interrupts, env } = context;
  const signal = interrupts.gentle;
  const show = (progress: object, text: string) => terminal.tell(terminal.json ? JSON.stringify({ progress }) : text);
  const visible = await visibleFrom(simulator);

  if (options.password || options.passwordStdin) {
    const password = await passwordOf(account, options, context);
    return { method: "password", password, tryAgain: options.tryAgain === true, signal };
  }
  if (options.deviceCode) {
    return {
      method: "deviceCode",
      signal,
      onPrompt({ userCode, verificationUri, expiresAt }) {
        const page = visible(verificationUri);
        const until = new Date(expiresAt).toISOString();
        show(
          { account, userCode, verificationUri: page, until },
          `To sign ${account} in, open ${page} and enter the code ${userCode} (until ${until}).`,
        );
      },
    };
  }
  return {
    method: "browser",
    signal,
    ...(options.port === undefined ? {} : { port: options.port }),
    openUrl(given) {
      const url = visible(given);
      show({ account, url }, `To sign ${account} in, open this address in a browser on this machine:\n${url}`);
      if (terminal.isInteractive && options.open !== false) openInBrowser(url, env);
    },
  };
}

async function passwordOf(
  account: string,
  { passwordStdin }: WayOptions,
  { terminal, interrupts, stdin }: CommandContext,
): Promise<string> {
  terminal.tell("Signing in with a password is a legacy way that Microsoft advises against, and no second factor can pass it.");
  if (passwordStdin) return (await readPiped(stdin, longestPasswordBytes, interrupts.gentle)).split(/\r?\n/)[0] as string;
  // That somebody can be asked was looked at before.
  return (await terminal.askSecret(`Password of ${account}:`, { signal: interrupts.gentle })) as string;
}

/** Entra takes 256 characters. */
const longestPasswordBytes = 4_096;

/** Where a person's browser finds Entra's pages. */
async function visibleFrom(simulator: string | undefined): Promise<(url: string) => string> {
  if (simulator === undefined) return (url) => url;
  const { simulatorUrl } = await import("../../simulator/index.js");
  return (url) => simulatorUrl(simulator, url);
}
