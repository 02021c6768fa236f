/** The titles of a file's tests, those of `each` by their template; read from its source, nothing is run. */
import ts from "typescript";

export function titlesOf(source: string): Set<string> {
  const titles = new Set<string>();
  const look = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) {
      const [title] = node.arguments;
      if (title && ts.isStringLiteralLike(title) && /^(it|test)\b/.test(node.expression.getText())) titles.add(title.text);
    }
    ts.forEachChild(node, look);
  };
  look(ts.createSourceFile("a.test.ts", source, ts.ScriptTarget.ES2023, true));
  return titles;
}
