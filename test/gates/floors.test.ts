/** The floors gate is trusted because each of its rules was seen to fail on a planted fault, and a neighbour to pass. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import { findFaults } from "../../scripts/floors.mjs";

type Tree = Readonly<Record<string, string>>;

const lines = (count: number) => "// line\n".repeat(count);

/** A small tree in which every rule is kept. */
const goodTree: Tree = {
  "src/index.ts": 'export { daemon } from "./daemon/daemon.js";\n',
  "src/cli/main.ts": 'import { daemon } from "../daemon/daemon.js";\nprocess.once("SIGTERM", () => daemon);\n',
  "src/daemon/daemon.ts":
    'import { ledger } from "../delivery/ledger.js";\nimport { vault } from "../auth/vault.js";\nexport const daemon = [ledger, vault];\n',
  "src/delivery/ledger.ts": 'import type { Message } from "../mailbox/message.js";\nexport const ledger: Message[] = [];\n',
  "src/mailbox/message.ts": 'import { wire } from "../graph/wire.js";\nexport interface Message { readonly wire: typeof wire }\n',
  "src/auth/vault.ts": 'import { now } from "../base/clock.js";\nexport const vault = now;\n',
  "src/graph/wire.ts": 'export const wire = "@odata.nextLink";\n',
  "src/state/store.ts": "export interface Store {}\n",
  "src/base/clock.ts": "export const now = () => Date.now() + Math.random();\n",
  "src/base/http.ts": "export const send = (url: string) => globalThis.fetch(url);\n",
  "simulator/index.ts": 'export { answer } from "./answer.js";\n',
  "simulator/answer.ts": 'export const answer = { "@odata.nextLink": setTimeout };\n',
  "examples/demo/main.ts":
    'import { daemon } from "m365-mail-daemon";\nimport { answer } from "m365-mail-daemon/simulator";\nvoid [daemon, answer];\n',
};

/** Trees of the current test, the newest last; empty between tests. */
const roots: string[] = [];
afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true });
});

/** The faults of the good tree with some files replaced or added, as `file:line  rule`. */
function faultsWith(changes: Tree): string[] {
  const root = mkdtempSync(join(tmpdir(), "floors-"));
  roots.push(root);
  for (const [path, text] of Object.entries({ ...goodTree, ...changes })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return findFaults(root).map(({ file, line, rule }) => `${file}:${line}  ${rule}`);
}

test("a tree that keeps the rules has no fault", () => {
  expect(faultsWith({})).toEqual([]);
});

test("the real tree has no fault", () => {
  expect(findFaults(fileURLToPath(new URL("../..", import.meta.url)))).toEqual([]);
});

describe("imports", () => {
  const upward = "src/graph/gate.ts:2  graph imports src/daemon/daemon.ts of the higher floor daemon";
  test.each([
    ["an import", 'import { daemon } from "../daemon/daemon.js";\nvoid daemon;'],
    ["a type-only import", 'import type { daemon } from "../daemon/daemon.js";\nexport type D = typeof daemon;'],
    ["an inline type import", 'import { type daemon } from "../daemon/daemon.js";\nexport type D = typeof daemon;'],
    ["a re-export", 'export * from "../daemon/daemon.js";'],
    ["a dynamic import", 'export const load = () => import("../daemon/daemon.js");'],
    ["an import type", 'export type D = typeof import("../daemon/daemon.js");'],
    ["a require", 'import daemon = require("../daemon/daemon.js");\nvoid daemon;'],
  ])("%s of a higher floor is a fault", (_what, text) => {
    expect(faultsWith({ "src/graph/gate.ts": `// head\n${text}\n` })).toEqual([upward]);
  });

  test("mailbox and auth do not import each other", () => {
    expect(faultsWith({ "src/mailbox/round.ts": 'import { vault } from "../auth/vault.js";\nvoid vault;\n' })).toEqual([
      "src/mailbox/round.ts:1  mailbox and auth stand beside each other, mailbox imports src/auth/vault.ts",
    ]);
    expect(
      faultsWith({ "src/auth/identity.ts": 'import type { Message } from "../mailbox/message.js";\nexport type M = Message;\n' }),
    ).toEqual(["src/auth/identity.ts:1  auth and mailbox stand beside each other, auth imports src/mailbox/message.ts"]);
  });

  test("a circle of types on one floor is a fault, named once", () => {
    const faults = faultsWith({
      "src/state/a.ts": 'import type { B } from "./b.js";\nexport interface A { b: B }\n',
      "src/state/b.ts": 'import type { C } from "./c.js";\nexport interface B { c: C }\n',
      "src/state/c.ts": 'import type { A } from "./a.js";\nexport interface C { a: A }\n',
    });
    expect(faults).toEqual([
      "src/state/a.ts:1  files import each other in a circle (types count): src/state/a.ts, src/state/b.ts, src/state/c.ts",
    ]);
  });

  test("a circle in the simulator is a fault too", () => {
    expect(faultsWith({ "simulator/answer.ts": 'export * as answer from "./index.js";\n' })).toEqual([
      "simulator/answer.ts:1  files import each other in a circle (types count): simulator/answer.ts, simulator/index.ts",
    ]);
  });

  test.each([["../index.js"], ["m365-mail-daemon"]])("no file of src imports the barrel as %s", (name) => {
    const faults = faultsWith({ "src/cli/main.ts": `import { daemon } from "${name}";\nvoid daemon;\n` });
    expect(faults).toEqual(["src/cli/main.ts:1  nothing imports src/index.ts"]);
  });

  test("an example imports the package by its name, not by its path", () => {
    expect(faultsWith({ "bench/run.ts": 'import { daemon } from "../src/index.js";\nvoid daemon;\n' })).toEqual([
      "bench/run.ts:1  nothing imports src/index.ts",
    ]);
  });

  test.each([["../src/base/clock.js"], ["m365-mail-daemon"]])("the simulator imports nothing of ours: %s", (name) => {
    const faults = faultsWith({ "simulator/answer.ts": `import * as ours from "${name}";\nexport const answer = ours;\n` });
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(/^simulator\/answer\.ts:1 {2}simulator imports nothing of ours/);
  });

  test.each([["../../simulator/index.js"], ["m365-mail-daemon/simulator"]])("src imports nothing of the simulator: %s", (name) => {
    const faults = faultsWith({ "src/daemon/doctor.ts": `import { answer } from "${name}";\nvoid answer;\n` });
    expect(faults).toEqual(["src/daemon/doctor.ts:1  src imports nothing outside src, not simulator/index.ts"]);
  });

  test("a file of src that stands on no floor is a fault", () => {
    expect(faultsWith({ "src/utils/text.ts": "export {};\n", "src/stray.ts": "export {};\n" })).toEqual([
      "src/stray.ts:1  a file of src stands on a floor",
      "src/utils/text.ts:1  a file of src stands on a floor",
    ]);
  });
});

describe("length", () => {
  test("300 lines pass, 301 do not", () => {
    expect(faultsWith({ "src/base/long.ts": lines(300), "simulator/long.ts": lines(300) })).toEqual([]);
    expect(faultsWith({ "src/base/long.ts": lines(301), "simulator/long.ts": `${lines(300)}// no newline` })).toEqual([
      "simulator/long.ts:301  a file has at most 300 lines, this one 301",
      "src/base/long.ts:301  a file has at most 300 lines, this one 301",
    ]);
  });
});

describe("doors", () => {
  test.each([
    ["fetch(url)", "fetch"],
    ["globalThis.fetch(url)", "fetch"],
    ['globalThis["fetch"](url)', "fetch"],
    ["const { fetch: send } = globalThis; send(url)", "fetch"],
    ["use({ fetch })", "fetch"],
    ["use(given ?? fetch)", "fetch"],
    ["setTimeout(use, 1)", "time"],
    ["globalThis.setInterval(use, 1)", "time"],
    ["use(setTimeout)", "time"],
    ["use(Date.now())", "time"],
    ["use(new Date())", "time"],
    ["use(Date())", "time"],
    ["const { now } = Date; use(now)", "time"],
    ["use(performance.now())", "time"],
    ["use(Math.random())", "time"],
    ["use(AbortSignal.timeout(1))", "time"],
    ['process.on("SIGINT", use)', "signal"],
    ["process.once(url, use)", "signal"],
    ['use("@odata.deltaLink")', "odata"],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the text is a program
    ["use(`${url}@odata.type`)", "odata"],
  ])("%s is a fault outside its door", (statement, door) => {
    const rules: Readonly<Record<string, RegExp>> = {
      fetch: /only src\/base\/http\.ts touches the global fetch/,
      time: /only src\/base\/clock\.ts touches time and chance/,
      signal: /signal handlers live in src\/cli only/,
      odata: /only src\/graph\/wire\.ts spells Graph's `@odata\.`/,
    };
    const faults = faultsWith({
      "src/auth/stray.ts": `declare const url: string, given: any, use: any;\nexport function run() {\n  ${statement};\n}\n`,
    });
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(/^src\/auth\/stray\.ts:3 /);
    expect(faults[0]).toMatch(rules[door]!);
  });

  test("a module of timers is a fault", () => {
    const faults = faultsWith({ "src/auth/stray.ts": 'import { setTimeout as wait } from "node:timers/promises";\nexport { wait };\n' });
    expect(faults).toEqual(["src/auth/stray.ts:1  only src/base/clock.ts touches time and chance"]);
  });

  const sockets = "src/cli/stray.ts:1  sockets are opened by the files that doors.mjs names only";
  test.each([
    ['import { createServer } from "node:http";', "createServer"],
    ['import { createServer, type Server } from "net";', "createServer"],
    ['import net from "node:net";', "net"],
    ['import * as dgram from "node:dgram";', "dgram"],
    ['const tls = await import("node:tls");', "tls"],
    ['import "node:http2";', "0"],
  ])("%s is a fault in any file but those named", (text, value) => {
    expect(faultsWith({ "src/cli/stray.ts": `${text} export const use = ${value};\n` })).toEqual([sockets]);
    expect(faultsWith({ "src/cli/control-server.ts": `${text} export const use = ${value};\n` })).toEqual([]);
  });

  test("the types of sockets are free", () => {
    const text =
      'import type { Server } from "node:http";\nimport { type AddressInfo } from "node:net";\nexport type Both = Server | AddressInfo;\n';
    expect(faultsWith({ "src/cli/free.ts": text })).toEqual([]);
  });

  test("names of our own, types, given dates and comments are free", () => {
    const text = `
      import type { Fetch } from "../base/http.js";
      // "@odata.deltaLink" and setTimeout in a comment
      export type Given = typeof globalThis.fetch;
      export interface Options { readonly fetch?: Fetch; setTimeout(): void }
      export const received = new Date("2026-01-01");
      export const run = ({ fetch }: { fetch: Given }) => fetch("x");
      export const call = (options: Options) => options.fetch?.("x") ?? options.setTimeout();
      export function local(setTimeout: () => void) { const Date = { now: () => 1 }; setTimeout(); return Date.now(); }
      process.on("exit", () => undefined);
    `;
    const faults = faultsWith({ "src/base/http.ts": "export type Fetch = () => void;\n", "src/auth/free.ts": text });
    expect(faults).toEqual([]);
  });
});

test("the command prints file, line, rule and remedy, and exits with 1", () => {
  faultsWith({ "src/base/stray.ts": "export const run = () => fetch('x');\n" });
  const script = fileURLToPath(new URL("../../scripts/floors.mjs", import.meta.url));
  let output = "";
  try {
    execFileSync(process.execPath, [script, roots[0]!], { encoding: "utf8" });
  } catch (error) {
    const failed = error as { readonly status: number; readonly stdout: string };
    expect(failed.status).toBe(1);
    output = failed.stdout;
  }
  expect(output).toBe(
    "src/base/stray.ts:1  only src/base/http.ts touches the global fetch; take an `Http` from base/http\nfloors: 1 fault\n",
  );
});
