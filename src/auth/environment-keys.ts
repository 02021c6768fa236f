/** A key ring in an environment variable. It reads the variable at each `load()` and nothing before. */
import { MailError } from "../base/errors.js";
import type { KeyRing } from "./key-ring.js";
import { checkedPlace, parseKeyText } from "./key-text.js";

/**
 * A ring whose keys stand in an environment variable as `id:base64key,id2:base64key2`, the first of which seals.
 * @throws ConfigError `CONFIG_KEY_INVALID` when the name is none
 */
export function environmentKeys(name: string): KeyRing {
  checkedPlace(name, "the argument of environmentKeys", "the name of an environment variable");
  return {
    async load() {
      const keys = parseKeyText(process.env[name] ?? "", `environmentKeys("${name}")`);
      if (keys.length > 0) return keys;
      throw new MailError("AUTH_VAULT_KEY_MISSING", `The environment variable ${name} holds no vault key.`, {
        who: "developer",
        remedy:
          `Make a key once with generateKey() and set ${name} to "<id>:<key>", for instance ${name}="key1:$(openssl rand -base64 32)". ` +
          "Keep it: without it every queue has to be signed in again.",
      });
    },
  };
}
