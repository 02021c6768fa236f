/**
 * The documentation gate: every ```ts block of README.md and docs/**\/*.md is compiled as a module of its own that
 * imports the package by its name, and faults are printed with the line of the page they stand on.
 * Nothing is written: the compiler is handed the blocks as files that exist only for it. The names a block may use
 * freely are declared in test/consumer/free-names.ts.
 * Usage: node scripts/docs-check.mjs [root]
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

/** @typedef {{ readonly page: string, readonly line: number, readonly text: string }} Block  `line` is that of the block's first line of code */

const ownRoot = fileURLToPath(new URL("..", import.meta.url));

const typeScript = /^(ts|typescript|mts)$/;

/**
 * The blocks of one page in a language, by default TypeScript; blocks that end nowhere end with the page.
 * @param {string} page @param {string} markdown @param {RegExp} [languages] @returns {Block[]}
 */
export function blocksOf(page, markdown, languages = typeScript) {
  /** @type {Block[]} */
  const blocks = [];
  /** @type {{ line: number, fence: string, isCode: boolean, code: string[] } | undefined} undefined outside of blocks */
  let open;
  const close = () => {
    if (open?.isCode) blocks.push({ page, line: open.line, text: open.code.join("\n") });
    open = undefined;
  };
  for (const [index, line] of markdown.split(/\r?\n/).entries()) {
    const [, fence, language] = /^\s*(`{3,}|~{3,})\s*(\S*)/.exec(line) ?? [];
    if (open === undefined && fence !== undefined) {
      open = { line: index + 2, fence, isCode: languages.test(language ?? ""), code: [] };
    } else if (open !== undefined && fence?.startsWith(open.fence) && language === "") close();
    else open?.code.push(line);
  }
  close();
  return blocks;
}

/** @param {string} root @returns {string[]} the pages, relative to the root */
function pagesOf(root) {
  const folder = join(root, "docs");
  const guides = existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => join("docs", name)) : [];
  return ["README.md", ...guides].filter((name) => name.endsWith(".md") && existsSync(join(root, name))).sort();
}

/** @param {string} root @param {RegExp} [languages] @returns {Block[]} */
export function readBlocks(root, languages) {
  return pagesOf(root).flatMap((page) => blocksOf(page.split(sep).join("/"), readFileSync(join(root, page), "utf8"), languages));
}

/** @param {string} root @returns {ts.CompilerOptions} */
const compilerOptions = (root) => ({
  target: ts.ScriptTarget.ES2023,
  lib: ["lib.es2023.d.ts"],
  module: ts.ModuleKind.NodeNext,
  types: ["node"],
  typeRoots: [join(ownRoot, "node_modules/@types")],
  // With these two the package's own name leads to its sources, so nothing needs to be built first.
  rootDir: root,
  outDir: join(root, "dist"),
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: true,
  noEmit: true,
});

/**
 * What the compiler finds in the blocks, as `page:line  message`.
 * @param {string} root
 * @returns {{ readonly blockCount: number, readonly faults: string[] }}
 */
export function checkBlocks(root) {
  const options = compilerOptions(root);
  const blocks = readBlocks(root);
  // Blank lines in front make the compiler's line numbers those of the page.
  const files = new Map(
    blocks.map((block) => [
      resolve(root, `${block.page}.${block.line}.ts`).split(sep).join("/"),
      { ...block, source: `${"\n".repeat(block.line - 1)}${block.text}\nexport {};\n` },
    ]),
  );
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (name) => files.has(name) || fileExists(name);
  host.readFile = (name) => files.get(name)?.source ?? readFile(name);
  host.getSourceFile = (name, language, ...rest) => {
    const file = files.get(name);
    return file === undefined ? getSourceFile(name, language, ...rest) : ts.createSourceFile(name, file.source, language, true);
  };

  const freeNames = join(root, "test/consumer/free-names.ts");
  const program = ts.createProgram([...files.keys(), ...(existsSync(freeNames) ? [freeNames] : [])], options, host);
  const checked = [...files.keys(), freeNames].flatMap((name) => program.getSourceFile(name.split(sep).join("/")) ?? []);
  const diagnostics = [
    ...program.getOptionsDiagnostics(),
    ...checked.flatMap((file) => [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)]),
  ];
  const faults = diagnostics.map(({ file, start, messageText }) => {
    const message = ts.flattenDiagnosticMessageText(messageText, "\n  ");
    if (file === undefined) return message;
    const line = file.getLineAndCharacterOfPosition(start ?? 0).line + 1;
    return `${files.get(file.fileName)?.page ?? relative(root, file.fileName)}:${line}  ${message}`;
  });
  return { blockCount: blocks.length, faults };
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const { blockCount, faults } = checkBlocks(resolve(process.argv[2] ?? ownRoot));
  for (const fault of faults) console.log(fault);
  console.log(`docs: ${blockCount} code blocks, ${faults.length} faults`);
  if (faults.length > 0 || blockCount === 0) process.exitCode = 1;
}
