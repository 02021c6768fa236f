/** The gates of code blocks and links are trusted because planted faults were seen to fail; and the real pages pass. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import { checkBlocks } from "../../scripts/docs-check.mjs";
import { checkJson } from "../../scripts/docs-json.mjs";
import { checkPages, checkSite } from "../../scripts/docs-links.mjs";

const project: Readonly<Record<string, string>> = {
  "package.json": JSON.stringify({
    name: "m365-mail-daemon",
    type: "module",
    exports: { ".": { types: "./dist/src/index.d.ts", default: "./dist/src/index.js" } },
  }),
  "src/index.ts": "export const answer: number = 42;\n",
};

/** Projects of the current test; empty between tests. */
const roots: string[] = [];
afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true });
});

function treeOf(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), "docs-"));
  roots.push(root);
  for (const [path, text] of Object.entries({ ...project, ...files })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

const check = (pages: Readonly<Record<string, string>>) => checkBlocks(treeOf(pages));

const block = (code: string, language = "ts") => `# Title\n\n\`\`\`${language}\n${code}\n\`\`\`\n`;

test("blocks that compile pass, each a module of its own; other languages are left alone", () => {
  const good = block(
    'import { answer } from "m365-mail-daemon";\nconst twice: number = answer * 2;\nconsole.log(await Promise.resolve(twice));',
  );
  expect(check({ "README.md": good + good + block("npm {{", "sh"), "docs/a/guide.md": good })).toEqual({ blockCount: 3, faults: [] });
});

test("a wrong type, a name that is not exported and broken syntax are named with the line of their page", () => {
  const { faults } = check({
    "README.md": block('import { answer } from "m365-mail-daemon";\nconst text: string = answer;\nconsole.log(text);'),
    "docs/guide.md": block('import { question } from "m365-mail-daemon";\nconsole.log(question);'),
    "docs/deep/broken.md": block("const = 1;"),
  });
  const places = new Set(faults.map((fault) => fault.split("  ")[0]));
  expect([...places].sort()).toEqual(["README.md:5", "docs/deep/broken.md:4", "docs/guide.md:4"]);
});

test("a name of the DOM is not there for a block", () => {
  expect(check({ "README.md": block("console.log(window.location);") }).faults[0]).toMatch(/^README\.md:4 .*window/);
});

test("the real pages compile", () => {
  expect(checkBlocks(fileURLToPath(new URL("../..", import.meta.url))).faults).toEqual([]);
});

describe("JSON", () => {
  const checkBlocksOfJson = (pages: Readonly<Record<string, string>>) => checkJson(treeOf(pages)).faults;
  const app = { clientId: "c81d4e2e-bcf2-4e6a-869b-7df92533d2db", tenantId: "contoso.com" };
  const json = (value: object) => block(JSON.stringify(value), "json");

  test("parts of a configuration, mails with some of their properties, seed files, and comments pass", () => {
    const config = { app, queues: [{ address: "support@contoso.com" }], http: { port: 9464 } };
    const mail = { key: "k", queue: "support@contoso.com", attempt: 1, message: { id: "AAk", subject: "Hello" } };
    const readme = [config, { deliverTo: { ndjson: true } }, mail, { users: [] }].map(json).join("\n");
    expect(checkJson(treeOf({ "README.md": `${readme}\n${block('{\n  // which\n  "store": "./state",\n}', "jsonc")}` }))).toEqual({
      blockCount: 5,
      faults: [],
    });
  });

  test("broken JSON, a name that no configuration has, a wrong value, a wrong part, and a mail with a wrong name are named with their line", () => {
    expect(
      checkBlocksOfJson({
        "README.md": block('{\n  "a": 1\n  "b": 2\n}', "json"),
        "docs/a.md": json({ deliverToo: { ndjson: true } }),
        "docs/b.md": json({ deliverTo: { webhook: { url: "https://example.com" } } }),
        "docs/c.md": json({ queues: [{ address: "support@contoso.com", polInterval: 1 }] }),
        "docs/d.md": json({ app: { clientId: app.clientId } }),
        "docs/e.md": json({ key: "k", queue: "q", attempt: 1, message: { subjekt: "Hello" } }),
        "docs/f.md": block("12", "json"),
      }),
    ).toEqual([
      "README.md:6  no JSON: CommaExpected",
      "docs/a.md:4  no configuration: it must NOT have additional properties (deliverToo)",
      ...new Array(8).fill(expect.stringMatching(/^docs\/b\.md:4 {2}no configuration: /)),
      "docs/c.md:4  no configuration: /queues/0 must NOT have additional properties (polInterval)",
      "docs/d.md:4  no configuration: /app must have required property 'tenantId'",
      "docs/e.md:4  no mail: /message must NOT have additional properties (subjekt)",
      "docs/f.md:4  no object: what is it?",
    ]);
  });

  test("that of the real pages passes", () => {
    const { blockCount, faults } = checkJson(fileURLToPath(new URL("../..", import.meta.url)));
    expect(faults).toEqual([]);
    expect(blockCount).toBeGreaterThan(5);
  });
});

describe("links", () => {
  const page = `# Title

A [file](../src/index.ts), [itself](#title), [a heading](guide.md#two-words-and-code), [another](guide.md#twice-1), [the world](https://example.com/none#x).
In code nothing is one: \`[no](nowhere.md)\`.

\`\`\`md
[no](nowhere.md)
\`\`\`
`;
  const guide = "# Guide\n\n## Two words, and `code`\n\n## Twice\n\n## Twice\n\n![picture](picture.svg)\n";
  const good = { "docs/page.md": page, "docs/guide.md": guide, "docs/picture.svg": "<svg/>", "docs/deep/x.md": "[up](../guide.md)" };
  const checkLinks = (pages: Readonly<Record<string, string>>) => checkPages(treeOf(pages));

  test("links to files and headings that are there pass, those to other hosts and in code are left alone", () => {
    expect(checkLinks(good)).toEqual({ linkCount: 6, faults: [] });
  });

  test("a file, a heading and an own heading that are not there are named with their line, and so is what lies outside", () => {
    const bad = "# Title\n\n[a](gone.md)\n[b](guide.md#three)\n[c](#none)\n[d]: ../../elsewhere.md\n![e](gone.svg)\n";
    expect(checkLinks({ ...good, "docs/page.md": bad }).faults).toEqual([
      "docs/page.md:3  no such file: gone.md",
      "docs/page.md:4  no such heading: guide.md#three",
      "docs/page.md:5  no such heading: #none",
      "docs/page.md:7  no such file: gone.svg",
      "docs/page.md:6  no such file: ../../elsewhere.md",
    ]);
  });

  test("in a made site, a page, a place in a page and a picture that are not there are named", () => {
    const index = '<a href="a.html#x">a</a><a href="#here" id="here">b</a><a href="https://example.com/">c</a><img src="p.svg">';
    const site = { "index.html": index, "a.html": '<h1 id="x">x</h1><a href="./index.html?q=1">up</a>', "p.svg": "<svg/>" };
    expect(checkSite(treeOf(site))).toEqual({ linkCount: 4, faults: [] });
    const broken = { "index.html": index, "a.html": '<a href="b.html">b</a>' };
    expect(checkSite(treeOf(broken)).faults).toEqual([
      "a.html  no such file: b.html",
      "index.html  no such place: a.html#x",
      "index.html  no such file: p.svg",
    ]);
  });

  test("no real page has a link that leads nowhere", () => {
    const { linkCount, faults } = checkPages(fileURLToPath(new URL("../..", import.meta.url)));
    expect(faults).toEqual([]);
    expect(linkCount).toBeGreaterThan(150);
  });
});
