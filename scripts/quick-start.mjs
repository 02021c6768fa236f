/**
 * Turns the README's first ```ts block, the quick start, into two programs that the consumer project runs as they are:
 * an ES module and a CommonJS file. Nothing in the text is replaced. The shape it expects:
 *
 * - imports first, each on one line or more, from `m365-mail-daemon` only;
 * - the names `clientId`, `tenantId`, `createTicket` and `page` are used freely: the stage (test/consumer/stage.mjs) brings
 *   those that the text does not declare; the keys stand in `MAIL_DAEMON_KEYS`; relative paths are in the consumer's folder;
 * - the daemon is called `daemon`, and one line reads `await daemon.stopped;`: in front of it the stage signs in, as a
 *   person would, and after the end of the text the stage looks at what happened.
 */
import ts from "typescript";

const staged = ["clientId", "tenantId", "createTicket", "page"];
const lastWait = "await daemon.stopped;";

/**
 * @param {string} text
 * @returns {{ readonly esm: string, readonly commonJs: string }}
 */
export function programsOf(text) {
  const source = ts.createSourceFile("quick-start.ts", text, ts.ScriptTarget.Latest, true);
  const imports = source.statements.filter(ts.isImportDeclaration);
  const rest = source.statements.filter((statement) => !ts.isImportDeclaration(statement));
  if (!rest.some((statement) => statement.getText(source) === lastWait)) {
    throw new Error(`Expected the quick start to hold the line \`${lastWait}\``);
  }
  const declared = new Set(
    rest.flatMap((statement) => {
      if (ts.isFunctionDeclaration(statement)) return [statement.name?.text];
      if (!ts.isVariableStatement(statement)) return [];
      return statement.declarationList.declarations.map(({ name }) => name.getText(source));
    }),
  );
  const names = [...staged.filter((name) => !declared.has(name)), "signIn", "report"];
  const head = [...imports.map((statement) => statement.getText(source)), `import { ${names.join(", ")} } from "./stage.mjs";`].join("\n");
  const body = rest
    .map((statement) => (statement.getText(source) === lastWait ? `await signIn(daemon);\n${lastWait}` : statement.getText(source)))
    .concat("report();")
    .join("\n");

  const target = ts.ScriptTarget.ES2023;
  const compile = (/** @type {string} */ code, /** @type {ts.ModuleKind} */ module) =>
    ts.transpileModule(code, { compilerOptions: { target, module, verbatimModuleSyntax: false } }).outputText;
  return {
    esm: compile(`${head}\n${body}\n`, ts.ModuleKind.ESNext),
    commonJs: compile(`${head}\nasync function main() {\n${body}\n}\nvoid main();\n`, ts.ModuleKind.CommonJS),
  };
}
