/**
 * What the keychain and its package report, in our codes and in words for whoever configured the daemon.
 *
 * Invariant: of the package's errors only their code is repeated and none is kept as a cause, as their texts may quote what
 * was stored. keytar has no codes of its own, so its texts are looked into; they are libsecret's and the Keychain's English ones.
 */
import { MailError } from "../base/errors.js";

/** Where the trouble was. */
export interface FailedPlace {
  readonly service: string;
  readonly account: string;
}

const who = "developer";

/** Under these the package passes on what keytar said (error/PersistenceError). */
const libraryCodes = new Set(["CachePersistenceError", "GnomeKeyringError", "KeychainError"]);

/** gnome-keyring: "Cannot create an item in a locked collection"; macOS: errSecInteractionNotAllowed. */
const lockedText = /locked|interaction is not allowed/i;
/** gnome-keyring: "Object does not exist at path …/collection/login"; macOS: errSecNoSuchKeychain, errSecNoDefaultKeychain. */
const noKeyringText = /does not exist at path|keychain could not be found/i;
/** libsecret: "Cannot autolaunch D-Bus without X11 $DISPLAY", "The name org.freedesktop.secrets was not provided …". */
const noServiceText = /autolaunch d-?bus|could not connect|org\.freedesktop\.secrets/i;

/** The entry's name, as every message has it. */
export function entryName({ service, account }: FailedPlace): string {
  return `keychain entry ${service}/${account}`;
}

/** The error of a keychain that did not answer or refused. */
export function keychainFailure(error: unknown, place: FailedPlace, platform: NodeJS.Platform): MailError {
  if (error instanceof MailError) return error;
  const code = codeOf(error);
  // An error of the file system speaks of paths; what those contain says nothing about a keychain.
  const text = error instanceof Error && (code === undefined || libraryCodes.has(code)) ? error.message : "";
  if (lockedText.test(text)) {
    return new MailError("AUTH_VAULT_KEY_LOCKED", `The keychain is locked, so the ${entryName(place)} cannot be used.`, {
      who,
      remedy:
        platform === "darwin"
          ? "Unlock the login keychain of the user that runs the daemon: security unlock-keychain"
          : "Unlock the keyring of the user that runs the daemon, in the D-Bus session of the daemon; on a server with " +
            "`gnome-keyring-daemon --unlock --components=secrets`, which reads the keyring's password (docs/keys.md).",
    });
  }
  const missing = (message: string, remedy: string) => new MailError("AUTH_VAULT_KEY_MISSING", message, { who, remedy });
  if (noKeyringText.test(text)) {
    return missing(
      `The user that runs the daemon has no keychain yet, so there is no ${entryName(place)}.`,
      "Make one by unlocking it for the first time, then save the keys with `keychainKeys().save(…)` (docs/keys.md).",
    );
  }
  if (noServiceText.test(text)) {
    return missing(
      `No keychain can be reached, so the ${entryName(place)} cannot be used.`,
      "Start the daemon in a D-Bus session with a secret service such as gnome-keyring (docs/keys.md), or keep the keys in a file with `keyFile(path)`.",
    );
  }
  return missing(
    `The keychain refused to open the ${entryName(place)} (${code ?? "no code"}).`,
    "See whether the user that runs the daemon is the one who saved the keys, and whether its keychain is in order.",
  );
}

/** The error of a keychain that holds nothing. */
export function emptyEntry(place: FailedPlace): MailError {
  return new MailError("AUTH_VAULT_KEY_MISSING", `There is no vault key in the ${entryName(place)}.`, {
    who,
    remedy:
      'As the user that runs the daemon, save keys once: `keychainKeys().save([{ id: "key1", key: generateKey() }])`. ' +
      "Keep a copy of them elsewhere: without them every queue has to be signed in again.",
  });
}

/** The error of a save after which the keychain answers something else. */
export function notKept(place: FailedPlace): MailError {
  return new MailError("AUTH_VAULT_KEY_MISSING", `What was saved in the ${entryName(place)} is not what the keychain gives back.`, {
    who,
    remedy: "See whether another keyring of the same user has an entry of that name, and remove one of the two.",
  });
}

/** The error of a system that the package does not know. */
export function unknownPlatform(platform: NodeJS.Platform): MailError {
  return new MailError("AUTH_VAULT_KEY_MISSING", `keychainKeys knows the keychains of Windows, macOS and Linux, not of ${platform}.`, {
    who,
    remedy: "Keep the keys in a file with `keyFile(path)`.",
  });
}

/** The error of a package that is absent, or whose binary cannot be loaded. No key was read before, so the cause is kept. */
export function libraryFailure(cause: unknown, name: string): MailError {
  const { code, message } = Object(cause) as { code?: unknown; message?: unknown };
  if (code === "MODULE_NOT_FOUND" && String(message).includes(`'${name}'`)) {
    return new MailError("AUTH_VAULT_KEY_MISSING", `keychainKeys needs the package ${name}, which is not installed.`, {
      cause,
      who,
      remedy: `Run: npm install ${name} (${buildNeeds})`,
    });
  }
  return new MailError(
    "AUTH_VAULT_KEY_MISSING",
    `The package ${name} is installed, but cannot be loaded (${codeOf(cause) ?? "no code"}).`,
    {
      cause,
      who,
      remedy: `Let npm build its part keytar: npm install-scripts approve keytar && npm rebuild keytar (${buildNeeds})`,
    },
  );
}

const buildNeeds =
  "its part keytar has an install script, which npm 12 runs only when allowed; on Linux it needs libsecret: on Debian " +
  "libsecret-1-0 to run, and libsecret-1-dev, build-essential, pkg-config and python3 to build";

/** The code of an error that is not ours; `undefined` where it has none that is fit to be printed. */
function codeOf(error: unknown): string | undefined {
  const { errorCode, code } = Object(error) as Record<string, unknown>;
  return [errorCode, code].find((value) => typeof value === "string" && /^[A-Za-z_]{1,40}$/.test(value)) as string | undefined;
}
