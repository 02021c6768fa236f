/** The documentation gate is trusted because planted faults were seen to fail; and the real pages pass. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { checkBlocks } from "../../scripts/docs-check.mjs";

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

function check(pages: Readonly<Record<string, string>>) {
  const root = mkdtempSync(join(tmpdir(), "docs-"));
  roots.push(root);
  for (const [path, text] of Object.entries({ ...project, ...pages })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return checkBlocks(root);
}

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
