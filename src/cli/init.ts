/**
 * `init`: a commented configuration and a key, for a first run.
 *
 * Invariants: nothing that is there is overwritten; the key is readable by its owner alone from its first byte; only what
 * has no default is asked for.
 */
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { generateKey } from "../auth/key-ring.js";
import { ConfigError } from "../base/errors.js";
import { daemonSettings } from "../daemon/options.js";
import { composeOptions } from "./compose.js";
import type { AddCommand, CommandContext, Work } from "./context.js";
import { exitCodes } from "./exit-codes.js";
import { type InitAnswers, jsonConfig, typeScriptConfig } from "./init-texts.js";
import { checkedConfig, configNames } from "./load-config.js";

interface InitOptions {
  readonly format: "ts" | "json";
  readonly clientId?: string;
  readonly tenantId?: string;
  readonly queue?: readonly string[];
  readonly simulator?: string;
}

/** Of the file with the key, beside the configuration. */
export const keyFileName = "mail-daemon.keys";

export const initCommand: AddCommand = (program, does) => {
  program
    .command("init")
    .description("writes a commented configuration and a key into this folder; asks for what it must")
    .option("--format <format>", "ts or json", (given) => given as InitOptions["format"], "ts")
    .option("--client-id <guid>", "the application (client) id")
    .option("--tenant-id <guid>", "the directory (tenant) id")
    .option("--queue <address...>", "a queue's full e-mail address; several may follow")
    .option("--simulator <url>", "the address of a running `m365-mail-daemon simulate`, instead of Microsoft 365")
    .action(does(init));
};

const init: Work<[InitOptions]> = async (context, options) => {
  const { folder, terminal } = context;
  if (options.format !== "ts" && options.format !== "json") {
    throw new ConfigError("CONFIG_INVALID", `Expected --format to be ts or json, got ${JSON.stringify(options.format)}.`);
  }
  const there = configNames.find((name) => existsSync(join(folder, name)));
  if (there !== undefined) throw new ConfigError("CONFIG_INVALID", `${join(folder, there)} is there already; init overwrites nothing.`);
  const answers = await answersOf(context, options);
  const config = join(folder, `mail-daemon.config.${options.format}`);
  const keys = join(folder, keyFileName);
  await assertUsable(answers);
  const made = await writeKey(keys);
  await writeFile(config, options.format === "ts" ? typeScriptConfig(answers) : jsonConfig(answers), { flag: "wx" });
  terminal.result({ config, keys: { file: keys, made }, queues: answers.queues }, () =>
    [
      `${terminal.style("green", "Written:")} ${config}`,
      made
        ? `${terminal.style("green", "Written:")} ${keys}, the key that seals the tokens: keep a copy, and keep it out of version control`
        : `Kept: ${keys}`,
      "",
      "Next:",
      `  m365-mail-daemon sign-in ${answers.queues.join(" ")}`,
      "  m365-mail-daemon doctor",
      "  m365-mail-daemon run",
    ].join("\n"),
  );
  return exitCodes.done;
};

async function answersOf({ terminal, interrupts }: CommandContext, options: InitOptions): Promise<InitAnswers> {
  const ask = async (given: string | undefined, question: string, flag: string, fallback?: string): Promise<string> => {
    if (given !== undefined) return given;
    const asked = terminal.isInteractive
      ? await terminal.ask(question, { signal: interrupts.gentle, ...(fallback === undefined ? {} : { default: fallback }) })
      : fallback;
    if (asked !== undefined) return asked;
    throw new ConfigError("CONFIG_INVALID", `Expected ${flag}: nobody could be asked for it here.`);
  };
  const ids = options.simulator === undefined ? undefined : await simulatedIds();
  const clientId = await ask(options.clientId ?? ids?.clientId, "Application (client) id:", "--client-id");
  const tenantId = await ask(options.tenantId ?? ids?.tenantId, "Directory (tenant) id:", "--tenant-id");
  const queues = options.queue ?? (await ask(undefined, "Queue addresses, with spaces between:", "--queue")).split(/[\s,]+/);
  return {
    clientId,
    tenantId,
    queues: queues.filter((one) => one !== ""),
    ...(options.simulator === undefined ? {} : { simulator: options.simulator }),
    keyFile: `./${keyFileName}`,
  };
}

/** A simulator's application is the same wherever it runs. */
async function simulatedIds(): Promise<{ clientId: string; tenantId: string }> {
  const { simulatorDefaults } = await import("../../simulator/index.js");
  return simulatorDefaults;
}

/** Before anything is written. @throws ConfigError `CONFIG_INVALID` */
async function assertUsable({ clientId, tenantId, queues, simulator }: InitAnswers): Promise<void> {
  if (queues.length === 0) throw new ConfigError("CONFIG_INVALID", "Expected at least one queue address, got none.");
  const config = checkedConfig({ app: { clientId, tenantId }, queues: queues.map((address) => ({ address })), simulator });
  daemonSettings(await composeOptions({ file: "", folder: ".", config }));
}

/** False where there is one already. */
async function writeKey(file: string): Promise<boolean> {
  const text = `# The first key seals; all open. docs/keys.md says how to rotate them.\nkey1:${generateKey()}\n`;
  try {
    await writeFile(file, text, { flag: "wx", mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}
