/**
 * Finds, reads and checks the configuration file.
 *
 * Invariants: whatever is wrong is a `ConfigError` that names the file and what to do; what the daemon's own options check
 * is left to them. A JSON file is never run; a TypeScript or JavaScript file is code, and runs.
 */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname, extname, join, resolve } from "node:path";
import { type ParseError, parse, printParseErrorCode } from "jsonc-parser";
import { z } from "zod";
import { checked } from "../base/check.js";
import { ConfigError } from "../base/errors.js";
import type { MailDaemonConfig } from "./config.js";
import { defaultExportOf } from "./default-export.js";

/** Looked for in this order. */
export const configNames = [
  "mail-daemon.config.ts",
  "mail-daemon.config.mts",
  "mail-daemon.config.js",
  "mail-daemon.config.mjs",
  "mail-daemon.config.json",
] as const;

export interface LoadedConfig {
  readonly file: string;
  /** What paths in it are relative to. */
  readonly folder: string;
  readonly config: MailDaemonConfig;
}

const path = z.string().min(1);
const loopback = z.string().refine((text) => /^http:\/\/127\.0\.0\.1:\d{1,5}\/?$/.test(text), {
  error: "the address of a simulator on this machine, such as http://127.0.0.1:8365",
});
const keys = z.union([
  z.strictObject({ env: z.string().min(1) }),
  z.strictObject({ file: path }),
  z.strictObject({ keychain: z.string().min(1) }),
]);
const deliverTo = z.union([
  z.strictObject({ handler: path }),
  z.strictObject({ ndjson: z.literal(true) }),
  z.strictObject({ files: path }),
  z.strictObject({
    webhook: z.strictObject({
      url: z.url(),
      secretEnv: z.string().min(1),
      deadlineMs: z.number().int().min(1_000).max(120_000).optional(),
    }),
  }),
]);
const own = (what: string, isOne: (given: unknown) => boolean) => z.custom<never>(isOne, { error: what });
const anObject = (given: unknown) => typeof given === "object" && given !== null;
const aFunction = (given: unknown) => typeof given === "function";

const configSchema = z.strictObject({
  $schema: z.string().optional(),
  app: z.unknown(),
  queues: z.array(z.unknown()),
  defaults: z.unknown().optional(),
  limits: z.unknown().optional(),
  store: z.union([path, own("a store", anObject)], { error: "a folder, or a store such as lmdbStore(path)" }).optional(),
  keys: z
    .union([keys, own("keys", (given) => aFunction(given) || aFunction((given as { load?: unknown } | null)?.load))], {
      error: "one of { env }, { file } and { keychain }, or keys such as environmentKeys(name)",
    })
    .optional(),
  deliverTo: z
    .union([deliverTo, own("a handler", aFunction)], {
      error: "one of { handler }, { ndjson: true }, { files } and { webhook: { url, secretEnv, deadlineMs? } }, or a function",
    })
    .optional(),
  http: z
    .strictObject({ port: z.number().int().min(0).max(65_535), host: z.string().min(1).optional(), queueAddresses: z.boolean().optional() })
    .optional(),
  logAddresses: z.boolean().optional(),
  logger: own("a logger, such as pino's", anObject).optional(),
  simulator: loopback.optional(),
  scheduler: own("a scheduler, such as bullmqScheduler() gives", anObject).optional(),
  turnMaxMs: z.unknown().optional(),
  control: path.optional(),
  fetch: own("a function like the global fetch", aFunction).optional(),
});

/**
 * The configuration in `given`, or in the first file of {@link configNames} in `folder`.
 * @throws ConfigError `CONFIG_INVALID`
 */
export async function loadConfig(folder: string, given: string | undefined): Promise<LoadedConfig> {
  const file = given === undefined ? foundIn(folder) : resolve(folder, given);
  const content = extname(file) === ".json" ? await readJson(file) : await defaultExportOf(file, "configuration");
  return { file, folder: dirname(file), config: within(file, () => checkedConfig(content)) };
}

/** @throws ConfigError `CONFIG_INVALID` */
export function checkedConfig(content: unknown): MailDaemonConfig {
  return withDates(checked(configSchema, content) as MailDaemonConfig);
}

function foundIn(folder: string): string {
  const found = configNames.map((name) => join(folder, name)).find((file) => existsSync(file));
  if (found !== undefined) return found;
  throw new ConfigError(
    "CONFIG_INVALID",
    `There is no configuration file in ${folder} (${configNames.join(", ")}). Make one with \`m365-mail-daemon init\`, or name yours with --config.`,
  );
}

/**
 * A JSON file, comments and a comma at the end of a list allowed.
 * @param called what it is, for messages
 * @throws ConfigError `CONFIG_INVALID`
 */
export async function readJson(file: string, called = "configuration file"): Promise<unknown> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new ConfigError("CONFIG_INVALID", `The ${called} ${file} cannot be read: ${error.code ?? error.message}.`, {
      cause: error,
    });
  });
  const errors: ParseError[] = [];
  const value: unknown = parse(text, errors, { allowTrailingComma: true });
  const [first] = errors;
  if (!first) return value;
  const before = text.slice(0, first.offset).split("\n");
  const place = `line ${before.length}, column ${(before.at(-1) as string).length + 1}`;
  throw new ConfigError("CONFIG_INVALID", `The ${called} ${file} is no JSON at ${place}: ${printParseErrorCode(first.error)}.`);
}

/** The error names the file beside what it says. */
export function within<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(error.code as "CONFIG_INVALID", `${basename(file)}: ${error.message}`, { cause: error });
  }
}

/** JSON has no dates: `startFrom` is one as ISO text there. */
function withDates(config: MailDaemonConfig): MailDaemonConfig {
  const dated = <Part>(part: Part): Part => {
    const from = (part as { startFrom?: unknown } | null)?.startFrom;
    const isDate = typeof from === "string" && /^\d{4}-\d{2}-\d{2}/.test(from);
    return isDate ? { ...part, startFrom: new Date(from) } : part;
  };
  return { ...config, queues: config.queues.map(dated), ...(config.defaults ? { defaults: dated(config.defaults) } : {}) };
}
