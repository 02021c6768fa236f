/**
 * Hears of the secrets that come into being in this process: what its simulators issue or are given, and every key of 32
 * random bytes, which is how vault keys are made. JavaScript, so that a child process can load it before its program.
 */
import crypto from "node:crypto";
import { subscribe } from "node:diagnostics_channel";
import { syncBuiltinESMExports } from "node:module";
import { inspect } from "node:util";

const keyBytes = 32;

/** Calls back with each secret from now on, a key in every form in which bytes are shown. @param {(kind: string, value: string) => void} listener */
export function onSecret(listener) {
  subscribe("m365-mail-daemon/simulator:secret", (message) => {
    const { kind, value } = /** @type {{ kind: string, value: string }} */ (message);
    listener(kind.replaceAll("-", " "), value);
  });

  const randomBytes = /** @type {(...given: unknown[]) => unknown} */ (crypto.randomBytes);
  Object.assign(crypto, {
    randomBytes(/** @type {unknown[]} */ ...given) {
      const bytes = randomBytes(...given);
      if (given[0] === keyBytes && bytes instanceof Buffer) for (const form of formsOf(bytes)) listener("key", form);
      return bytes;
    },
  });
  // For those who import it by name.
  syncBuiltinESMExports();
}

/** @param {Buffer} bytes */
function formsOf(bytes) {
  const dumped = inspect(bytes).slice("<Buffer ".length, -1);
  return [
    bytes.toString("base64"),
    bytes.toString("base64url"),
    bytes.toString("hex"),
    [...bytes].join(", "),
    [...bytes].join(","),
    dumped,
  ];
}
