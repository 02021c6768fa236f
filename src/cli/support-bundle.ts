/**
 * The support bundle: what helps somebody who was not there, in one JSON file that may be sent away.
 *
 * Invariants: of the configuration only numbers, switches and words that the package itself knows are kept, everything
 * else has a stand-in; texts pass the redaction; a bundle in which a known name is still found is not written.
 */
import { homedir, hostname, userInfo } from "node:os";
import { resolve } from "node:path";
import { clouds } from "../base/cloud.js";
import { ConfigError } from "../base/errors.js";
import type { Finding } from "../daemon/doctor/finding.js";
import type { DaemonStatus } from "../daemon/status.js";
import { storeFolder } from "./compose.js";
import type { AsJson } from "./control-contract.js";
import type { LoadedConfig } from "./load-config.js";
import { createRedaction, type Redaction } from "./redaction.js";
import { writePrivate } from "./write-private.js";

export interface BundleContent {
  /** Of the package. */
  readonly version: string;
  /** Epoch milliseconds. */
  readonly madeAt: number;
  readonly loaded: LoadedConfig;
  readonly findings: readonly Finding[];
  readonly status: BundleStatus;
}

/** What the daemon says of itself, or its store of the last one; the code of the error where neither could be asked. */
export type BundleStatus = ({ readonly running: boolean } & AsJson<DaemonStatus>) | { readonly unknown: string };

/** Values of options that name nothing of the host's. */
const plainWords = new Set([
  ...Object.keys(clouds),
  ..."now unread everything html text none hold release deliver skip tell quarantine permanently".split(" "),
  ..."archive clutter conversationhistory deleteditems drafts inbox junkemail msgfolderroot outbox sentitems".split(" "),
]);
/** A stand-in by the option that it stands in for; "text" for others. */
const kinds: Readonly<Record<string, string>> = {
  clientId: "client",
  tenantId: "tenant",
  address: "queue",
  account: "account",
  folder: "folder",
  folders: "folder",
  moveTo: "folder",
  addCategories: "category",
  store: "path",
};

/** Writes it for its owner's eyes. @throws ConfigError `CONFIG_INVALID` when the file cannot be written, or a name would be in it */
export async function writeBundle(folder: string, file: string, content: BundleContent): Promise<string> {
  const target = resolve(folder, file);
  const text = `${JSON.stringify(supportBundle(content), null, 2)}\n`;
  try {
    await writePrivate(target, text);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new ConfigError("CONFIG_INVALID", `The support bundle ${target} cannot be written: ${code ?? message}.`, { cause: error });
  }
  return target;
}

/** @throws ConfigError `CONFIG_INVALID` when a name would be in it */
export function supportBundle({ version, madeAt, loaded, findings, status }: BundleContent): object {
  const names = namesIn(loaded);
  const redaction = createRedaction(names);
  const bundle = {
    about: "Support bundle of m365-mail-daemon. Addresses, ids, names and paths have stand-ins; it holds no mail and no token.",
    versions: { "m365-mail-daemon": version, node: process.versions.node, v8: process.versions.v8, openssl: process.versions.openssl },
    platform: { os: process.platform, arch: process.arch },
    madeAt: new Date(madeAt).toISOString(),
    config: shapeOf(loaded.config, "", redaction),
    findings: findings.map((finding) => redacted(finding, redaction)),
    codes: [...new Set(findings.flatMap(({ code, serviceCode }) => [code, serviceCode]).filter((code) => code !== undefined))],
    status: "unknown" in status ? status : statusShape(status, redaction),
  };
  assertNameless(JSON.stringify(bundle), [...names.queues, ...(names.others.account ?? []), ...(names.others.tenant ?? [])]);
  return bundle;
}

function namesIn(loaded: LoadedConfig) {
  const { app, queues } = loaded.config;
  const told = { queues: queues.map(({ address }) => String(address)), accounts: queues.flatMap(({ account }) => account ?? []) };
  const accounts = told.accounts.filter((one) => !told.queues.some((queue) => queue.toLowerCase() === one.toLowerCase()));
  const user = userInfo().username;
  const others = {
    account: accounts,
    tenant: [app.tenantId],
    client: [app.clientId],
    domain: [...told.queues, ...accounts].map((one) => one.slice(one.lastIndexOf("@") + 1)),
    path: [storeFolder(loaded), loaded.file, loaded.folder, homedir()].filter((one): one is string => one !== undefined && one.length > 3),
    host: [hostname()].filter((one) => one.length > 3 && one !== "localhost"),
    user: user.length > 3 && user !== "root" ? [user] : [],
  };
  return { queues: told.queues, others };
}

/** What the configuration looks like. */
function shapeOf(value: unknown, option: string, redaction: Redaction): unknown {
  if (value === null || typeof value === "number" || typeof value === "boolean") return value;
  if (value instanceof Date) return value.toISOString();
  if (typeof value === "string") return plainWords.has(value.toLowerCase()) ? value : redaction.name(kinds[option] ?? "text", value);
  if (Array.isArray(value)) return value.map((one) => shapeOf(one, option, redaction));
  if (typeof value !== "object") return `(${typeof value})`;
  // A store, or keys, of the host's own.
  if (option === "store" || (option === "keys" && "load" in value)) return "(an object of the host)";
  const entries = Object.entries(value).filter(([, part]) => part !== undefined);
  return Object.fromEntries(entries.map(([name, part]) => [name, shapeOf(part, name, redaction)]));
}

function statusShape(
  { running, state, queues, storeTrouble, turnTrouble }: Exclude<BundleStatus, { unknown: string }>,
  redaction: Redaction,
): object {
  const trouble = storeTrouble && { storeTrouble: redacted(storeTrouble, redaction) };
  const turns = turnTrouble && { turnTrouble: redacted(turnTrouble, redaction) };
  return { running, state, queues: queues.map((queue) => redacted(queue, redaction)), ...trouble, ...turns };
}

/** Sentences, codes and numbers of ours. */
function redacted(told: object, redaction: Redaction): object {
  const isSpeech = (name: string) => name === "found" || name === "why";
  return Object.fromEntries(
    Object.entries(told).map(([name, part]) => [
      name,
      typeof part === "string" ? redaction.text(part, { isSpeech: isSpeech(name) }) : part,
    ]),
  );
}

function assertNameless(text: string, names: readonly string[]): void {
  const lower = text.toLowerCase();
  if (!names.some((name) => lower.includes(name.toLowerCase()))) return;
  throw new ConfigError(
    "CONFIG_INVALID",
    "The support bundle would hold an address or the tenant's name, so it was not written; report this.",
  );
}
