/**
 * Lets tests see every `MailError` that is made, whoever keeps it: a line at the end of its constructor, in tests only.
 * Fails loudly when the constructor no longer looks as expected; a witness that sees nothing would be worse than none.
 */
import type { Plugin } from "vitest/config";

/** What the line calls; a global, since the product imports nothing of the tests. */
export const errorWitness = "m365-mail-daemon/test:error-made";

const file = /\/src\/base\/errors\.ts$/;
/** The last statement of the constructor. */
const anchor = "Object.assign(this, rest);\n";
const line = ` globalThis[Symbol.for(${JSON.stringify(errorWitness)})]?.(this);`;

export function witnessErrors(): Plugin {
  return {
    name: "witness-errors",
    enforce: "pre",
    transform(code, id) {
      if (!file.test(id)) return undefined;
      const parts = code.split(anchor);
      if (parts.length !== 2)
        throw new Error(`Expected ${id} to hold once \`${anchor.trim()}\`, where tests see errors; name the new line here.`);
      // On the same line, so that no position moves.
      return { code: parts.join(`${anchor.trimEnd()}${line}\n`), map: null };
    },
  };
}
