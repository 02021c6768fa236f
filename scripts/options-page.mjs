/**
 * Writes docs/options.md from the types and their comments: every option, its type, its default, and what it means with
 * unit and range. A gate compares the page with what this makes of the sources, and wants each comment to say all of that.
 * Usage: npm run options
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join, posix, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

/**
 * @typedef {{ readonly name: string, readonly type: string, readonly isOptional: boolean, readonly comment: string }} Option
 * @typedef {{ readonly name: string, readonly parents: readonly string[], readonly options: readonly Option[] }} Shape
 * @typedef {(path: string) => string} Read  by path from the root
 */

const head = `---
title: Options
---

# Every option

Made from the types and their comments by \`npm run options\`; do not edit it by hand.

What does not fit is a \`ConfigError\` (\`CONFIG_INVALID\`) that names the option, what was expected and what it got; \`createMailDaemon\` throws it before it
touches disk or network. Times are in milliseconds and sizes in bytes, as the names say; numbers are whole. The command line's own settings stand in
[The command line](command-line.md), the simulator's in [Testing](testing.md).
`;

/** @type {readonly { readonly title: string, readonly text: string, readonly shapes: readonly string[] }[]} */
const sections = [
  { title: "The daemon", text: "What `createMailDaemon` takes.", shapes: ["MailDaemonOptions", "AppOptions"] },
  {
    title: "A queue",
    text: "An entry of `queues`, and what `addQueue` takes. All of `QueueDefaults` can stand in a queue, and in `defaults` for every queue that does not set it itself.",
    shapes: ["QueueOptions", "QueueDefaults"],
  },
  {
    title: "Folders, content, marks",
    text: "The objects that options of a queue take: [folders](folders.md), [content](messages.md), [marks](marks.md). `DeliveryMark` is for one message, in `ack` and `reject`.",
    shapes: ["FolderTree", "ContentOptions", "Mark", "DeliveryMark", "IfChangedElsewhere", "StormOptions"],
  },
  { title: "Limits", text: "`limits` of the daemon: [Throttling](throttling.md) says when to touch them.", shapes: ["LimitOptions"] },
  {
    title: "Metrics",
    text: "`metrics` of the daemon: [Operations](operations.md) says what is measured.",
    shapes: ["MetricsOptions"],
  },
  {
    title: "Stores",
    text: "The second parameter of `lmdbStore(path, …)`; those of `memoryStore(…)` and of [`redisStore(…)`](custom-store.md#redis).",
    shapes: ["LmdbStoreOptions", "MemoryStoreOptions", "RedisStoreOptions"],
  },
  { title: "Many processes", text: "Of `bullmqScheduler(…)`: [Many processes](many-processes.md).", shapes: ["BullmqSchedulerOptions"] },
  { title: "Keys", text: "Of `keychainKeys(…)`: [Keys](keys.md).", shapes: ["KeychainOptions"] },
  { title: "Network", text: "Of `undiciFetch(…)`, a second door for `fetch`.", shapes: ["UndiciFetchOptions"] },
  {
    title: "Sign-ins",
    text: "What `signIn(address, …)` takes, one of four; each takes what stands under `SignInLimits` too. [Sign in](setup-entra.md#sign-in) says which.",
    shapes: ["BrowserSignIn", "DeviceCodeSignIn", "PasswordSignIn", "RefreshTokenSignIn", "SignInLimits"],
  },
  {
    title: "Calls",
    text: "Of `stop` and `removeQueue`, of a delivery's `retry`, and of an attachment's `stream` and a message's `mime`.",
    shapes: ["StopOptions", "RetryOptions", "StreamOptions"],
  },
];

/** Interfaces of the package that are options by their name; each must have its place above. `InstrumentOptions` is OpenTelemetry's. */
const isOptions = /^(?!InstrumentOptions$).*(Options|Defaults|SignIn|Limits|Mark|Tree|Elsewhere)$/;

/** @param {string} text */
const parse = (text) => ts.createSourceFile("source.ts", text, ts.ScriptTarget.Latest, true);

/** @param {Read} read @param {string} path @returns {Map<string, string>} by name that the file hands on, the file it has it from */
function handedOn(read, path) {
  /** @type {Map<string, string>} */
  const names = new Map();
  for (const statement of parse(read(path)).statements) {
    if (!ts.isExportDeclaration(statement) || !statement.moduleSpecifier || !statement.exportClause) continue;
    if (!ts.isStringLiteral(statement.moduleSpecifier) || !ts.isNamedExports(statement.exportClause)) continue;
    const file = posix.join(posix.dirname(path), statement.moduleSpecifier.text).replace(/\.js$/, ".ts");
    for (const { name } of statement.exportClause.elements) names.set(name.text, file);
  }
  return names;
}

/** @param {Read} read @returns {Map<string, string>} by exported name, the file that declares it */
export function exportedNames(read) {
  const names = handedOn(read, "src/index.ts");
  return new Map([...names].map(([name, file]) => [name, handedOn(read, file).get(name) ?? file]));
}

/** @param {ts.Node} node @returns {string} its comment as one line, without tags */
function commentOf(node) {
  const [comment] = /** @type {ts.JSDoc[]} */ (ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc));
  const text = comment === undefined ? "" : (ts.getTextOfJSDocComment(comment.comment) ?? "");
  return text
    .replaceAll(/\{@link (\w+)[^}]*\}/g, "`$1`")
    .replaceAll(/\s+/g, " ")
    .trim();
}

/** @param {Read} read @returns {Map<string, Shape>} every interface of options that the package exports */
export function readShapes(read) {
  const names = exportedNames(read);
  /** @type {Map<string, Shape>} */
  const shapes = new Map();
  for (const [name, file] of names) {
    if (!isOptions.test(name)) continue;
    const source = parse(read(file));
    const declared = source.statements.find((one) => ts.isInterfaceDeclaration(one) && one.name.text === name);
    if (declared === undefined || !ts.isInterfaceDeclaration(declared)) continue;
    const parents = (declared.heritageClauses ?? []).flatMap(({ types }) => types.map((type) => type.getText(source)));
    const options = declared.members.filter(ts.isPropertySignature).map((member) => ({
      name: member.name.getText(source),
      type: typeText(member.type?.getText(source) ?? "unknown", names, read),
      isOptional: member.questionToken !== undefined,
      comment: commentOf(member),
    }));
    shapes.set(name, { name, parents, options });
  }
  return shapes;
}

/** A short union of literals says more than its name. @param {string} text @param {Map<string, string>} names @param {Read} read */
function typeText(text, names, read) {
  const file = names.get(text);
  const declared = file && parse(read(file)).statements.find((one) => ts.isTypeAliasDeclaration(one) && one.name.text === text);
  const written = declared && ts.isTypeAliasDeclaration(declared) && ts.isUnionTypeNode(declared.type) ? declared.type.getText() : text;
  return written.replaceAll(/\breadonly /g, "").replaceAll(/\s+/g, " ");
}

const defaultSentence = /(?:^| )Default:? ((?:`[^`]*`|[^.`]|\.(?! |$))*)\.?(?= |$)/;

/** @param {Option} option @returns {string} */
function defaultOf({ isOptional, type, comment }) {
  if (!isOptional) return "required";
  return defaultSentence.exec(comment)?.[1] ?? (type === "AbortSignal" ? "none" : "");
}

/** What the comments leave unsaid. @param {Iterable<Shape>} shapes @returns {string[]} */
export function unsaid(shapes) {
  return [...shapes].flatMap(({ name: shape, options }) =>
    options
      .filter(({ name }) => name !== "method")
      .flatMap((option) => {
        const { name, type, comment } = option;
        const range = /\d[\d,]* to \d[\d,]*|\d[\d,]* or more/.test(comment);
        return [
          ...(comment === "" ? ["no comment"] : []),
          ...(defaultOf(option) === "" ? ["no default"] : []),
          ...(type === "number" && !range ? ["no range"] : []),
          ...(name.endsWith("Ms") && !/millisecond/i.test(comment) ? ["no unit"] : []),
          ...(name.endsWith("Bytes") && !/bytes/i.test(comment) ? ["no unit"] : []),
        ].map((what) => `${shape}.${name}: ${what}`);
      }),
  );
}

/** @param {string} text a cell ends at a bar */
const cell = (text) => text.replaceAll("|", "\\|");

/** @param {Option} option */
function row(option) {
  const meaning = option.comment.replace(defaultSentence, "").trim();
  return `| \`${option.name}\` | \`${cell(option.type)}\` | ${cell(defaultOf(option))} | ${cell(meaning)} |`;
}

/** @param {Shape} shape */
function table({ name, options }) {
  const rows = options.filter((option) => option.name !== "method").map(row);
  return [`### ${name}`, "", "| option | type | default | what it is |", "|---|---|---|---|", ...rows].join("\n");
}

/** @param {Read} read @returns {string} @throws Error for options that have no place in it */
export function optionsPage(read) {
  const shapes = readShapes(read);
  const placed = new Set(sections.flatMap((section) => section.shapes));
  const homeless = [...shapes.keys()].filter((name) => !placed.has(name));
  if (homeless.length > 0) throw new Error(`scripts/options-page.mjs has no section for ${homeless.join(", ")}`);
  const texts = sections.map(({ title, text, shapes: names }) => {
    const tables = names.map((name) => {
      const shape = shapes.get(name);
      if (shape === undefined) throw new Error(`The package exports no interface ${name}, which scripts/options-page.mjs names`);
      return table(shape);
    });
    return [`## ${title}`, text, ...tables].join("\n\n");
  });
  return `${[head.trimEnd(), ...texts].join("\n\n")}\n`;
}

const root = fileURLToPath(new URL("..", import.meta.url));
if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  writeFileSync(
    join(root, "docs/options.md"),
    optionsPage((path) => readFileSync(join(root, path), "utf8")),
  );
  console.log("docs/options.md written");
}
