/**
 * The rules about who may import whom. Every way of naming another module counts, types included: `import`,
 * `export … from`, `import()`, `import("…")` types, `import x = require()` and `require()`.
 * Knows paths only; whether a name exists is the compiler's business.
 */
import { posix } from "node:path";
import ts from "typescript";

/**
 * @typedef {import("../floors.mjs").Fault} Fault
 * @typedef {import("../floors.mjs").Parsed} Parsed
 * @typedef {{ readonly from: string, readonly specifier: string, readonly line: number, readonly to: string | undefined }} Import  `to` is a path of the project, undefined for packages
 */

/** Lowest first; floors in one row stand beside each other and do not import each other. */
const storeys = [["base"], ["state"], ["graph"], ["mailbox", "auth"], ["delivery"], ["schedule"], ["daemon"], ["cli"]];
const packageName = "m365-mail-daemon";
const barrel = "src/index.ts";
/** What the package's own names stand for. */
const selfReferences = new Map([
  [packageName, barrel],
  [`${packageName}/simulator`, "simulator/index.ts"],
]);

/** @param {ts.Node} node @returns {ts.Node | undefined} the text that names a module, if this node names one */
function moduleNameOf(node) {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node.moduleSpecifier;
  if (ts.isImportTypeNode(node)) return ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined;
  if (ts.isExternalModuleReference(node)) return node.expression;
  if (!ts.isCallExpression(node)) return undefined;
  const isImport = node.expression.kind === ts.SyntaxKind.ImportKeyword;
  const isRequire = ts.isIdentifier(node.expression) && node.expression.text === "require";
  return isImport || isRequire ? node.arguments[0] : undefined;
}

/** @param {string} from @param {string} specifier @param {ReadonlySet<string>} known @returns {string | undefined} */
function resolveImport(from, specifier, known) {
  if (!specifier.startsWith(".")) return selfReferences.get(specifier);
  const target = posix.join(posix.dirname(from), specifier);
  const candidates = [target.replace(/\.([cm]?)js$/, ".$1ts"), target, `${target}.ts`, `${target}/index.ts`];
  return candidates.find((candidate) => known.has(candidate)) ?? candidates[0];
}

/** @param {Parsed} parsed @param {ReadonlySet<string>} known @returns {Import[]} */
function importsOf({ path, source }, known) {
  /** @type {Import[]} */
  const found = [];
  /** @param {ts.Node} node */
  const visit = (node) => {
    const name = moduleNameOf(node);
    if (name !== undefined && ts.isStringLiteralLike(name)) {
      const line = source.getLineAndCharacterOfPosition(name.getStart(source)).line + 1;
      found.push({ from: path, specifier: name.text, line, to: resolveImport(path, name.text, known) });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** @param {string} path @returns {string} the top folder: src, simulator, examples, bench, … */
const treeOf = (path) => path.split("/")[0] ?? "";
/** @param {string} path @returns {string | undefined} the floor of a file in src/ */
const floorOf = (path) => (path.startsWith("src/") && path.split("/").length > 2 ? path.split("/")[1] : undefined);
/** @param {string} floor */
const heightOf = (floor) => storeys.findIndex((row) => row.includes(floor));

/** @param {Import} edge @returns {{ rule: string, remedy: string } | undefined} */
function judge({ from, specifier, to }) {
  if (to === undefined) return undefined;
  if (to === barrel) {
    if (treeOf(from) !== "src" && treeOf(from) !== "simulator") {
      if (specifier === packageName) return undefined;
      return { rule: `nothing imports ${barrel}`, remedy: `import "${packageName}", as a host does` };
    }
    if (treeOf(from) === "src") return { rule: `nothing imports ${barrel}`, remedy: "import the file that holds the name" };
  }
  if (treeOf(from) === "simulator" && treeOf(to) !== "simulator") {
    return { rule: `simulator imports nothing of ours, not ${to}`, remedy: "give the simulator its own, so that it can contradict us" };
  }
  if (treeOf(from) !== "src") return undefined;
  // The command line runs the simulator for whoever has no tenant; by its published door, as a host would.
  if (floorOf(from) === "cli" && to === "simulator/index.ts") return undefined;
  if (treeOf(to) !== "src") return { rule: `src imports nothing outside src, not ${to}`, remedy: "move what is shared into src" };
  const [own, other] = [floorOf(from), floorOf(to)];
  if (own === undefined || other === undefined || own === other) return undefined;
  const [ownHeight, otherHeight] = [heightOf(own), heightOf(other)];
  if (ownHeight < 0 || otherHeight < 0 || otherHeight < ownHeight) return undefined;
  if (otherHeight === ownHeight) {
    return {
      rule: `${own} and ${other} stand beside each other, ${own} imports ${to}`,
      remedy: "lower what both need, or join them on a floor above",
    };
  }
  return { rule: `${own} imports ${to} of the higher floor ${other}`, remedy: `take it as a parameter or a contract declared in ${own}` };
}

/** @param {string} path @returns {Fault[]} */
function placeFaults(path) {
  if (treeOf(path) !== "src" || path === barrel) return [];
  const floor = floorOf(path);
  if (floor !== undefined && heightOf(floor) >= 0) return [];
  return [{ file: path, line: 1, rule: "a file of src stands on a floor", remedy: `move it into one of ${storeys.flat().join(", ")}` }];
}

/**
 * Groups of files that import each other (Tarjan's strongly connected components), one fault for each.
 * @param {readonly string[]} paths @param {readonly Import[]} edges @returns {Fault[]}
 */
function cycleFaults(paths, edges) {
  /** @type {Map<string, Import[]>} */
  const out = new Map(paths.map((path) => [path, []]));
  for (const edge of edges) if (edge.to !== undefined && out.has(edge.to)) out.get(edge.from)?.push(edge);
  /** @type {Map<string, { index: number, low: number, open: boolean }>} */
  const marks = new Map();
  /** @type {string[]} */
  const stack = [];
  /** @type {Fault[]} */
  const faults = [];

  /** @param {string} path */
  const walk = (path) => {
    const mark = { index: marks.size, low: marks.size, open: true };
    marks.set(path, mark);
    stack.push(path);
    for (const { to } of out.get(path) ?? []) {
      if (to === undefined) continue;
      const next = marks.get(to) ?? walk(to);
      if (next.open) mark.low = Math.min(mark.low, next.low);
    }
    if (mark.low === mark.index) close(path);
    return mark;
  };
  /** @param {string} root */
  const close = (root) => {
    const group = stack.splice(stack.indexOf(root));
    for (const path of group) {
      const mark = marks.get(path);
      if (mark) mark.open = false;
    }
    const members = group.sort();
    const inside = members.flatMap((path) => out.get(path) ?? []).filter(({ to }) => to !== undefined && members.includes(to));
    const [first] = inside;
    if (first === undefined) return;
    const rule = `files import each other in a circle (types count): ${members.join(", ")}`;
    faults.push({ file: first.from, line: first.line, rule, remedy: "move what they share into a file of its own" });
  };
  for (const path of paths) if (!marks.has(path)) walk(path);
  return faults;
}

/** @param {readonly Parsed[]} files @returns {Fault[]} */
export function importFaults(files) {
  const paths = files.map(({ path }) => path);
  const known = new Set(paths);
  const edges = files.flatMap((file) => importsOf(file, known));
  const judged = edges.flatMap((edge) => {
    const verdict = judge(edge);
    return verdict === undefined ? [] : [{ file: edge.from, line: edge.line, ...verdict }];
  });
  return [...paths.flatMap(placeFaults), ...judged, ...cycleFaults(paths, edges)];
}
