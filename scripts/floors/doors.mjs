/**
 * The rules about doors in src/: the network through `base/http.ts`, time and chance through `base/clock.ts`, signals in
 * `cli/`, Graph's own spellings in `graph/wire.ts`, sockets of one's own in the few files that are named here. Each door in one place is what lets tests own time, lets a host own
 * the network, and keeps tokens on the way to the hosts they are for.
 * A name that the file declares itself (a parameter `fetch`) is not the global one. Types are free.
 */
import ts from "typescript";

/**
 * @typedef {import("../floors.mjs").Fault} Fault
 * @typedef {import("../floors.mjs").Parsed} Parsed
 */

const networkDoor = "src/base/http.ts";
const clockDoor = "src/base/clock.ts";
const wire = "src/graph/wire.ts";

const network = { door: networkDoor, rule: `only ${networkDoor} touches the global fetch`, remedy: "take an `Http` from base/http" };
const time = { door: clockDoor, rule: `only ${clockDoor} touches time and chance`, remedy: "take a `Clock` from base/clock" };
/** Globals behind a door, as `name` or `object.name`. */
const guarded = new Map([
  ["fetch", network],
  ...["setTimeout", "setInterval", "Date.now", "Math.random", "performance.now", "AbortSignal.timeout", "process.hrtime"].map(
    (name) => /** @type {const} */ ([name, time]),
  ),
]);
/** Who may listen, or speak to a socket of this machine: each file with what it is for. */
const socketDoors = new Map([
  ["src/auth/redirect-listener.ts", "loopback, while somebody signs in by browser"],
  ["src/cli/control-server.ts", "the control socket: a Unix socket or a named pipe, never a port"],
  ["src/cli/control-client.ts", "the same, from a command"],
  ["src/cli/control-place.ts", "whether somebody listens there"],
  ["src/cli/http-endpoint.ts", "health and metrics: loopback, unless the configuration names another place"],
]);
const socketModules = /^(node:)?(http|https|http2|net|tls|dgram)$/;
const timeModules = /^(node:)?(timers|timers\/promises|perf_hooks)$/;
const globalObjects = new Set(["globalThis", "global"]);

/** @param {ts.BindingName} name @param {string} wanted @returns {boolean} */
const binds = (name, wanted) =>
  ts.isIdentifier(name)
    ? name.text === wanted
    : name.elements.some((element) => ts.isBindingElement(element) && binds(element.name, wanted));

/** @param {ts.VariableDeclarationList} list @param {string} name */
const listBinds = (list, name) => list.declarations.some((declaration) => binds(declaration.name, name));

/** @param {ts.Statement} statement @param {string} name @returns {boolean} */
function statementDeclares(statement, name) {
  if (ts.isVariableStatement(statement)) return listBinds(statement.declarationList, name);
  if (ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)) return statement.name?.text === name;
  if (!ts.isImportDeclaration(statement)) return false;
  const { name: whole, namedBindings } = statement.importClause ?? {};
  if (whole?.text === name) return true;
  if (namedBindings === undefined) return false;
  return ts.isNamespaceImport(namedBindings)
    ? namedBindings.name.text === name
    : namedBindings.elements.some((one) => one.name.text === name);
}

/** @param {ts.Node} scope @param {string} name @returns {boolean} whether this node itself declares the name */
function declares(scope, name) {
  if (ts.isFunctionLike(scope)) return scope.parameters.some((parameter) => binds(parameter.name, name));
  if (ts.isSourceFile(scope) || ts.isBlock(scope) || ts.isModuleBlock(scope) || ts.isCaseOrDefaultClause(scope)) {
    return scope.statements.some((statement) => statementDeclares(statement, name));
  }
  if (ts.isForStatement(scope) || ts.isForOfStatement(scope) || ts.isForInStatement(scope)) {
    return scope.initializer !== undefined && ts.isVariableDeclarationList(scope.initializer) && listBinds(scope.initializer, name);
  }
  return ts.isCatchClause(scope) && scope.variableDeclaration !== undefined && binds(scope.variableDeclaration.name, name);
}

/** @param {ts.Node} at @param {string} name */
function isGlobal(at, name) {
  for (let scope = at.parent; scope !== undefined; scope = scope.parent) if (declares(scope, name)) return false;
  return true;
}

/** @param {ts.Identifier} node @returns {boolean} whether it stands where a value is read, not where a name is given */
function isRead(node) {
  const { parent } = node;
  if (ts.isShorthandPropertyAssignment(parent)) return true;
  const isName = "name" in parent && parent.name === node;
  const isOuterName = "propertyName" in parent && parent.propertyName === node;
  return !isName && !isOuterName;
}

/** @param {ts.Expression} node @returns {string | undefined} `fetch`, `Date.now`; `globalThis.` is dropped; undefined when not global */
function globalName(node) {
  if (ts.isIdentifier(node)) return isGlobal(node, node.text) ? node.text : undefined;
  if (!ts.isPropertyAccessExpression(node) && !ts.isElementAccessExpression(node)) return undefined;
  const base = globalName(node.expression);
  if (base === undefined) return undefined;
  const member = ts.isPropertyAccessExpression(node) ? node.name : node.argumentExpression;
  if (!ts.isIdentifier(member) && !ts.isStringLiteralLike(member)) return undefined;
  return globalObjects.has(base) ? member.text : `${base}.${member.text}`;
}

/** @param {ts.Node} node @returns {string[]} the guarded globals that this one node reads */
function globalsRead(node) {
  if (ts.isIdentifier(node)) return isRead(node) && isGlobal(node, node.text) ? [node.text] : [];
  if (ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node)) return [globalName(node) ?? ""];
  if (ts.isVariableDeclaration(node) && node.initializer && ts.isObjectBindingPattern(node.name)) {
    const base = globalName(node.initializer);
    if (base === undefined) return [];
    const members = node.name.elements.map((element) => (element.propertyName ?? element.name).getText());
    return members.map((member) => (globalObjects.has(base) ? member : `${base}.${member}`));
  }
  // `new Date()` and `Date()` read the clock; `new Date(x)` does not.
  const readsNow = ts.isNewExpression(node) ? !node.arguments?.length : ts.isCallExpression(node);
  if (readsNow && (ts.isNewExpression(node) || ts.isCallExpression(node)) && globalName(node.expression) === "Date") return ["Date.now"];
  return [];
}

/** @param {ts.Node} node @returns {boolean} `process.on("SIG…")`, or with a name that cannot be seen here */
function handlesSignal(node) {
  if (!ts.isCallExpression(node)) return false;
  if (!/^process\.(on|once|addListener|prependListener|prependOnceListener)$/.test(globalName(node.expression) ?? "")) return false;
  const [name] = node.arguments;
  return name === undefined || !ts.isStringLiteralLike(name) || name.text.startsWith("SIG");
}

/** @param {ts.Node} node @returns {boolean} */
function spellsOdata(node) {
  const isText = ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddle(node) || ts.isTemplateTail(node);
  return (isText || ts.isRegularExpressionLiteral(node)) && node.text.includes("@odata.");
}

/** @param {ts.Node} node @returns {string} the module whose values it brings in; empty for types alone */
function moduleOf(node) {
  if (ts.isImportDeclaration(node)) {
    const { importClause, moduleSpecifier } = node;
    const { namedBindings, name } = importClause ?? {};
    const named = namedBindings && ts.isNamedImports(namedBindings) ? namedBindings.elements : [];
    const onlyTypes = importClause?.isTypeOnly || (!name && named.length > 0 && named.every((element) => element.isTypeOnly));
    return !onlyTypes && ts.isStringLiteral(moduleSpecifier) ? moduleSpecifier.text : "";
  }
  const isImport =
    ts.isCallExpression(node) && (node.expression.kind === ts.SyntaxKind.ImportKeyword || globalName(node.expression) === "require");
  const [given] = isImport ? node.arguments : [];
  return given && ts.isStringLiteralLike(given) ? given.text : "";
}

/** @param {ts.Node} node @param {string} path @returns {{ rule: string, remedy: string }[]} */
function judge(node, path) {
  const behindDoors = globalsRead(node).flatMap((name) => guarded.get(name) ?? []);
  const found = [...behindDoors, ...(timeModules.test(moduleOf(node)) ? [time] : [])].filter(({ door }) => door !== path);
  if (spellsOdata(node) && path !== wire) {
    found.push({ door: wire, rule: `only ${wire} spells Graph's \`@odata.\``, remedy: "let wire translate it into a name of ours" });
  }
  if (socketModules.test(moduleOf(node)) && !socketDoors.has(path)) {
    found.push({
      door: "",
      rule: "sockets are opened by the files that doors.mjs names only",
      remedy: "ask through `base/http.ts`; to listen, name the file there",
    });
  }
  if (handlesSignal(node) && !path.startsWith("src/cli/")) {
    found.push({ door: "src/cli", rule: "signal handlers live in src/cli only", remedy: "leave signals to the host" });
  }
  return found;
}

/** @param {Parsed} parsed @returns {Fault[]} */
export function doorFaults({ path, source }) {
  if (!path.startsWith("src/")) return [];
  /** @type {Map<string, Fault>} one fault for each rule and line */
  const faults = new Map();
  /** @param {ts.Node} node */
  const visit = (node) => {
    if (ts.isTypeNode(node)) return;
    const line = source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
    for (const { rule, remedy } of judge(node, path)) faults.set(`${line} ${rule}`, { file: path, line, rule, remedy });
    ts.forEachChild(node, visit);
  };
  visit(source);
  return [...faults.values()];
}
