/**
 * The floors gate: checks that the code keeps the shape that ARCHITECTURE.md draws, and prints each fault as
 * `file:line  which rule; what to do`.
 *
 * Imports are judged by `floors/imports.mjs`, the doors to network, time and signals by `floors/doors.mjs`.
 * Usage: node scripts/floors.mjs [root]
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { doorFaults } from "./floors/doors.mjs";
import { importFaults } from "./floors/imports.mjs";

/**
 * @typedef {{ readonly file: string, readonly line: number, readonly rule: string, readonly remedy: string }} Fault
 * @typedef {{ readonly path: string, readonly text: string, readonly source: ts.SourceFile }} Parsed  `path` is relative to the root, with slashes
 */

const checkedFolders = ["src", "simulator", "examples", "bench", "scripts"];
const importFolders = ["src", "simulator", "examples", "bench"];
const longestFile = 300;

/** @param {string} folder @returns {string[]} */
function filesBelow(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === "node_modules" ? [] : filesBelow(path);
    return /\.[cm]?[jt]s$/.test(entry.name) ? [path] : [];
  });
}

/** @param {string} root @param {string} file @returns {Parsed} */
function parse(root, file) {
  const text = readFileSync(file, "utf8");
  const path = relative(root, file).split(sep).join("/");
  return { path, text, source: ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true) };
}

/** @param {Parsed} parsed @returns {Fault[]} */
function lengthFaults({ path, text }) {
  const lines = text.split("\n");
  const count = lines.at(-1) === "" ? lines.length - 1 : lines.length;
  if (count <= longestFile) return [];
  return [
    {
      file: path,
      line: count,
      rule: `a file has at most ${longestFile} lines, this one ${count}`,
      remedy: "split it by what its parts are for",
    },
  ];
}

/**
 * Every fault below `root`, ordered by file and line.
 * @param {string} root
 * @returns {Fault[]}
 */
export function findFaults(root) {
  const parsed = checkedFolders.flatMap((folder) => filesBelow(join(root, folder))).map((file) => parse(root, file));
  const layered = parsed.filter(({ path }) => importFolders.some((folder) => path.startsWith(`${folder}/`)));
  const faults = [...parsed.flatMap(lengthFaults), ...importFaults(layered), ...layered.flatMap(doorFaults)];
  return faults.sort((a, b) => (a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1));
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const root = resolve(process.argv[2] ?? fileURLToPath(new URL("..", import.meta.url)));
  const faults = findFaults(root);
  for (const { file, line, rule, remedy } of faults) console.log(`${file}:${line}  ${rule}; ${remedy}`);
  console.log(faults.length === 0 ? "floors: no fault" : `floors: ${faults.length} fault${faults.length === 1 ? "" : "s"}`);
  if (faults.length > 0) process.exitCode = 1;
}
