/** config.schema.json by a validator that is not ours: what it takes is a configuration, and what is none it refuses. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Ajv } from "ajv";
import { parse } from "jsonc-parser";
import { expect, it, test } from "vitest";
import type { JsonConfig } from "../../../src/cli/config.js";
import { checkedConfig } from "../../../src/cli/load-config.js";
import { queueSettings } from "../../../src/daemon/options.js";
import { commandLine } from "./command-line.js";

const file = new URL("../../../config.schema.json", import.meta.url);

async function validator() {
  const ajv = new Ajv({ strict: true, allowUnionTypes: true, formats: { "date-time": (text) => !Number.isNaN(Date.parse(text)) } });
  const validate = ajv.compile(JSON.parse(await readFile(file, "utf8")) as object);
  return (value: unknown) =>
    validate(value) ? [] : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

const app = { clientId: "c81d4e2e-bcf2-4e6a-869b-7df92533d2db", tenantId: "contoso.com" };
const minimal = { app, queues: [{ address: "support@contoso.com" }] };

/** Something of everything that JSON can say. */
const full: JsonConfig = {
  $schema: "./node_modules/m365-mail-daemon/config.schema.json",
  app: { ...app, cloud: "usGovHigh" },
  queues: [
    {
      address: "support@contoso.com",
      account: "reader@contoso.com",
      folders: ["inbox", { folder: "Inbox/Complaints", subtree: true }],
      afterAck: { markRead: true, addCategories: ["Done"], moveTo: "archive" },
      startFrom: "2026-01-01T00:00:00Z" as unknown as Date,
      content: { body: "text", headers: false },
      storm: { action: "quarantine" },
      ifChangedElsewhere: { deleted: "skip" },
    },
  ],
  defaults: { startFrom: "now", pollIntervalMs: 10_000, maxAttempts: 3, conversationOrder: "release" },
  limits: { applicationConcurrency: 4 },
  store: "./state",
  keys: { keychain: "mail" },
  deliverTo: { webhook: { url: "https://example.com/mail", secretEnv: "HOOK", deadlineMs: 5_000 } },
  http: { port: 9464, host: "127.0.0.1" },
};

test("what `init --format json` writes is valid, without its comments", async () => {
  const { folder, run } = await commandLine();
  const words = ["--client-id", app.clientId, "--tenant-id", app.tenantId, "--queue", "support@contoso.com", "sales@contoso.com"];
  expect((await run("init", "--format", "json", ...words)).exitCode).toBe(0);
  const written: unknown = parse(await readFile(join(folder, "mail-daemon.config.json"), "utf8"));
  expect(written).toMatchObject({ $schema: "./node_modules/m365-mail-daemon/config.schema.json" });
  expect((await validator())(written)).toEqual([]);
});

it("takes all that JSON can say, as the program does", async () => {
  const errors = await validator();
  for (const deliverTo of [full.deliverTo, { handler: "./h.js" }, { ndjson: true }, { files: "./mail" }])
    for (const keys of [full.keys, { env: "KEYS" }, { file: "./keys" }]) expect(errors({ ...full, deliverTo, keys })).toEqual([]);
  expect(errors(minimal)).toEqual([]);
  const { queues } = checkedConfig(full);
  expect(queueSettings(queues[0] as (typeof queues)[0], {}).startFrom).toEqual(new Date("2026-01-01T00:00:00Z"));
});

test.each([
  ["no queues", { app }, "queues"],
  ["an unknown option", { ...minimal, pollIntervalMs: 5 }, "additional properties"],
  ["an unknown option of a queue", { ...minimal, queues: [{ address: "a@contoso.com", folder: "inbox" }] }, "additional properties"],
  ["a number as text", { ...minimal, defaults: { pollIntervalMs: "30000" } }, "/defaults/pollIntervalMs"],
  ["two places to deliver to", { ...minimal, deliverTo: { files: "./mail", ndjson: true } }, "/deliverTo"],
  ["an unknown cloud", { ...minimal, app: { ...app, cloud: "germany" } }, "/app/cloud"],
  ["a start that is none", { ...minimal, defaults: { startFrom: "yesterday" } }, "/defaults/startFrom"],
])("refuses %s", async (_, config, told) => {
  expect((await validator())(config).join("\n")).toContain(told);
});

it("describes every option where an editor shows it", async () => {
  const { definitions } = JSON.parse(await readFile(file, "utf8")) as {
    definitions: Record<string, { properties?: Record<string, { description?: string }> }>;
  };
  const bare = ["JsonConfig", "QueueOptions", "QueueDefaults", "LimitOptions", "AppOptions", "WebhookConfig", "HttpConfig"].flatMap(
    (name) =>
      Object.entries(definitions[name]?.properties ?? { [`${name} is not there`]: {} })
        .filter(([, { description = "" }]) => description === "")
        .map(([property]) => `${name}.${property}`),
  );
  expect(bare).toEqual([]);
});
