/** docs/options.md is what the types and their comments say, and what the comments say is so; planted faults were seen to fail. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { optionsPage, readShapes, unsaid } from "../../scripts/options-page.mjs";
import { undiciFetchOver } from "../../src/base/undici-fetch.js";
import { limitSettings } from "../../src/daemon/limits.js";
import { daemonSettings, queueSettings } from "../../src/daemon/options.js";
import { generateKey, keyRing, type LimitOptions, memoryStore, type QueueDefaults, type UndiciFetchOptions } from "../../src/index.js";

const root = new URL("../../", import.meta.url);
const read = (path: string) => readFileSync(fileURLToPath(new URL(path, root)), "utf8");
const shapes = readShapes(read);

describe("docs/options.md", () => {
  test("is what `npm run options` makes of the types", () => {
    expect(read("docs/options.md")).toBe(optionsPage(read));
    expect([...shapes.values()].flatMap(({ options }) => options).length).toBeGreaterThan(70);
  });

  test("says of each option its default, of each number its range, and of each time and size its unit", () => {
    expect(unsaid(shapes.values())).toEqual([]);
  });

  test("a new option, a comment that says less, and options without a section are found", () => {
    const changed = (path: string, from: string, to: string) => (asked: string) =>
      asked === path ? read(asked).replace(from, to) : read(asked);
    const limits = "src/daemon/limits.ts";
    const added = changed(limits, "readonly requestTimeoutMs?", "readonly patienceMs?: number;\n  readonly requestTimeoutMs?");
    expect(optionsPage(added)).not.toBe(optionsPage(read));
    expect(unsaid(readShapes(added).values())).toEqual(
      ["LimitOptions.requestTimeoutMs: no comment", "LimitOptions.requestTimeoutMs: no default"].concat([
        "LimitOptions.requestTimeoutMs: no range",
        "LimitOptions.requestTimeoutMs: no unit",
      ]),
    );
    const lessSaid = changed(limits, "1,000 to 600,000. Default 100,000.", "Default 100,000.");
    expect(unsaid(readShapes(lessSaid).values())).toEqual(["LimitOptions.requestTimeoutMs: no range"]);
    const homeless = changed("src/index.ts", "{ StormOptions }", "{ StormOptions, SettleOptions }");
    const declared = (asked: string) =>
      asked.endsWith("storm-rule.ts") ? `${read(asked)}\nexport interface SettleOptions {}` : homeless(asked);
    expect(() => optionsPage(declared)).toThrow("no section for SettleOptions");
  });
});

/** A number's range and default as its comment has them. */
interface Numbers {
  readonly name: string;
  readonly least: number;
  readonly most: number | undefined;
  /** Undefined where the default depends on something else. */
  readonly standard: number | undefined;
}

const number = (text: string | undefined) => (text === undefined ? undefined : Number(text.replaceAll(",", "")));

function numbersOf(shape: string): Numbers[] {
  const options = shapes.get(shape)?.options ?? [];
  return options
    .filter(({ type }) => type === "number")
    .map(({ name, comment }) => {
      const [, from, to] = /(\d[\d,]*\d|\d) to (\d[\d,]*\d|\d)/.exec(comment) ?? [];
      const [, least] = /(\d[\d,]*\d|\d) or more/.exec(comment) ?? [];
      const [, standard] = /Default (\d[\d,]*\d|\d)(?! or)/.exec(comment) ?? [];
      return { name, least: number(from ?? least) as number, most: number(to), standard: number(standard) };
    });
}

const takers: readonly (readonly [shape: string, take: (given: Readonly<Record<string, number>>) => unknown])[] = [
  ["QueueDefaults", (given) => queueSettings({ address: "support@contoso.com", ...(given as QueueDefaults) }, {})],
  [
    "LimitOptions",
    (given) =>
      daemonSettings({
        app: { clientId: "c81d4e2e-bcf2-4e6a-869b-7df92533d2db", tenantId: "contoso.com" },
        queues: [],
        store: memoryStore(),
        vaultKeys: keyRing([{ id: "key1", key: generateKey() }]),
        limits: given as LimitOptions,
      }),
  ],
  ["StormOptions", (given) => queueSettings({ address: "support@contoso.com", storm: given }, {})],
  ["UndiciFetchOptions", (given) => undiciFetchOver(noLibrary, given as UndiciFetchOptions)],
];

/** The options are checked before it is loaded. */
function noLibrary(): never {
  throw new Error("loaded");
}

const isTaken = (take: (given: Readonly<Record<string, number>>) => unknown, given: Readonly<Record<string, number>>) => {
  try {
    take(given);
    return true;
  } catch (error) {
    return (error as { code?: string }).code !== "CONFIG_INVALID";
  }
};

describe.each(takers)("the numbers of %s", (shape, take) => {
  const numbers = numbersOf(shape);

  test.each(numbers)("$name: both ends of its range are taken, and nothing beyond", ({ name, least, most }) => {
    expect(isTaken(take, { [name]: least })).toBe(true);
    expect(isTaken(take, { [name]: least - 1 })).toBe(false);
    expect(isTaken(take, { [name]: most ?? 2 ** 40 })).toBe(true);
    expect(isTaken(take, { [name]: (most ?? Number.MAX_SAFE_INTEGER) + 1 })).toBe(false);
  });
});

test("the defaults that the comments name are those in force", () => {
  const queue = queueSettings({ address: "support@contoso.com" }, {}) as unknown as Record<string, unknown>;
  const storm = (queue.storm ?? {}) as Record<string, unknown>;
  const { mailboxLimits, applicationLimits, highWaterBytes, requestTimeoutMs } = limitSettings({});
  const inForce: Record<string, Record<string, unknown>> = {
    QueueDefaults: queue,
    StormOptions: storm,
    LimitOptions: {
      mailboxConcurrency: mailboxLimits.width,
      mailboxRequestsPerTenMinutes: mailboxLimits.requestsPerTenMinutes,
      applicationConcurrency: applicationLimits.concurrency,
      applicationRequestsPerTenSeconds: applicationLimits.requestsPerTenSeconds,
      highWaterBytes,
      requestTimeoutMs,
    },
  };
  for (const [shape, values] of Object.entries(inForce)) {
    const said = numbersOf(shape).filter(({ standard }) => standard !== undefined);
    expect(said.length).toBeGreaterThan(1);
    for (const { name, standard } of said) expect(`${shape}.${name} ${values[name]}`).toBe(`${shape}.${name} ${standard}`);
  }
});
