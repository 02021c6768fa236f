/**
 * Every command line of README.md, docs/ and the examples is one that the program takes: its command exists, and so do its
 * options, by what `--help` says; planted faults were seen to be found.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";
import { runCli } from "../../src/cli/cli.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** What `--help` says of a command; of the program without one. */
async function helpOf(...words: string[]): Promise<string> {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  let text = "";
  stdout.on("data", (piece) => (text += String(piece)));
  const { signal } = new AbortController();
  const cli = { folder: root, env: {}, interrupts: { gentle: signal, hard: signal }, stdin, stdout };
  await runCli([...words, "--help"], cli, { stdin, stdout, stderr }, "0.0.0");
  return text;
}

const optionsIn = (help: string) => new Set(help.match(/(?<=^ {2}(?:-\w, )?)--?[\w-]+/gm));
const commandsIn = (help: string) => [...(help.split("Commands:\n")[1] ?? "").matchAll(/^ {2}(\w[\w-]*)/gm)].map(([, name = ""]) => name);

/** By command, its options; "" has those of all commands. Empty before the tests. */
const known = new Map<string, ReadonlySet<string>>();
beforeAll(async () => {
  const help = await helpOf();
  known.set("", new Set([...optionsIn(help), "--help", "--version"]));
  for (const command of commandsIn(help)) {
    const own = await helpOf(command);
    known.set(command, optionsIn(own));
    for (const below of commandsIn(own)) if (below !== "help") known.set(`${command} ${below}`, optionsIn(await helpOf(command, below)));
  }
});

interface Typed {
  readonly place: string;
  readonly words: readonly string[];
}

/** The command lines of a page, in code and between backticks; `[--option]` of a synopsis counts as given. */
function typedIn(page: string, markdown: string): Typed[] {
  const found: Typed[] = [];
  // A line that goes on: by a backslash, or in a synopsis by its indentation.
  const text = markdown.replaceAll(/ \\\n/g, (one) => ` ${one.replace("\\\n", "")}`).replaceAll(/\n {10,}\[/g, " [");
  for (const { index, 1: rest = "" } of text.matchAll(
    /(?:(?<![\w/.@"'-])m365-mail-daemon|m365-mail-daemon\/dist\/src\/cli\/main\.js)((?: +(?:[^\n`|&;#)"]|\|(?! ))+)?)/g,
  )) {
    const words = rest
      .replaceAll(/[[\],]/g, " ")
      .split(/\s+/)
      .filter((word) => word !== "");
    found.push({ place: `${page}:${text.slice(0, index).split("\n").length}`, words });
  }
  return found;
}

function wrongs({ place, words }: Typed): string[] {
  const first = words.findIndex((word, at) => !word.startsWith("-") && !["--config", "-c"].includes(words[at - 1] ?? ""));
  const name = words[first];
  // A sentence about the program.
  if (name === undefined) return [];
  if (!known.has(name)) return [`${place}  no such command: ${name}`];
  const below = `${name} ${words[first + 1]}`;
  const options = [...(known.get("") ?? []), ...(known.get(known.has(below) ? below : name) ?? [])];
  return words
    .filter((word) => /^--?[a-z]/.test(word))
    .map((word) => word.split("=")[0] as string)
    .filter((word) => !options.includes(word))
    .map((word) => `${place}  ${name} has no ${word}`);
}

function pages(): string[] {
  const below = ["docs", "examples"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((name) => `${folder}/${name}`),
  );
  return ["README.md", "CONTRIBUTING.md", "examples/deploy/m365-mail-daemon.service", ...below.filter((name) => name.endsWith(".md"))];
}

/** Only in code: sentences and names of the package are no command lines. */
const inCode = (markdown: string) =>
  markdown
    .split(/(^ {0,3}```[\s\S]*?^ {0,3}```|^ {4}.*$|`[^`\n]+`|^ExecStart=.*$)/m)
    .map((part, at) => (at % 2 === 1 ? part : part.replaceAll(/[^\n]/g, " ")))
    .join("");

test("every command line of the pages has a command and options that are there", () => {
  const typed = pages().flatMap((page) => typedIn(page, inCode(readFileSync(join(root, page), "utf8"))));
  expect(typed.flatMap(wrongs)).toEqual([]);
  const used = new Set(typed.flatMap(({ words }) => words.filter((word) => known.has(word))));
  expect([...known.keys()].filter((name) => name !== "" && name !== "help" && !name.includes(" ") && !used.has(name))).toEqual([]);
  expect(typed.filter(({ words }) => words.some((word) => word.startsWith("--"))).length).toBeGreaterThan(20);
});

test.each([
  ["m365-mail-daemon sing-in support@contoso.com", "no such command: sing-in"],
  ["npx m365-mail-daemon sign-in --devicecode", "sign-in has no --devicecode"],
  ["m365-mail-daemon simulate deliver a@b.example --subjekt x", "simulate has no --subjekt"],
  ["node node_modules/m365-mail-daemon/dist/src/cli/main.js --config x.mjs run --detach", "run has no --detach"],
  ["m365-mail-daemon init [--format ts|json] \\\n  [--folder x]", "init has no --folder"],
])("%s is found", (line, wrong) => {
  const page = `# Title\n\n\`\`\`sh\n${line}\n\`\`\`\n`;
  expect(typedIn("page.md", inCode(page)).flatMap(wrongs)).toEqual([`page.md:4  ${wrong}`]);
});
