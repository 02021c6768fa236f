/** The secrets of simulators that run in processes of their own: children started with this environment tell them. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lookForSecret } from "./showings.js";

export interface ChildSecrets {
  /** For the child, which hands it on to its own children. */
  readonly environment: Readonly<Record<string, string>>;
  /** Once the child is gone: from now on what it told is looked for, also in what was shown before. How many were told. */
  collect(): number;
}

export function childSecrets(): ChildSecrets {
  const folder = mkdtempSync(join(tmpdir(), "told-secrets-"));
  const file = join(folder, "told");
  const preload = new URL("tell-secrets.mjs", import.meta.url).href;
  return {
    environment: { NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ""} --import=${preload}`.trim(), TOLD_SECRETS: file },
    collect() {
      const told = readFileSync(file, { encoding: "utf8", flag: "a+" }).split("\n").slice(0, -1);
      rmSync(folder, { recursive: true });
      for (const line of told) lookForSecret(...(JSON.parse(line) as [kind: string, value: string]));
      return told.length;
    },
  };
}
