/** Every log message above level debug is fixed text, and stands in docs/logs.md; nothing else stands there. */
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

const root = path.resolve(__dirname, '..');
const LEVELS = new Set(['info', 'warn', 'error', 'fatal']);
const IS_TEST = /\.(test|fixture|suite)\.ts$|\/testing\/|\/cli\//;

const sources = ['libs', 'apps'].flatMap((folder) =>
  readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((file) => path.join(root, folder, file))
    .filter((file) => file.includes('/src/') && file.endsWith('.ts') && !/node_modules|\.d\.ts$/.test(file))
    .filter((file) => !IS_TEST.test(file) && !file.endsWith('log-sparsely.ts')),
);

/** @returns the argument of a call that is its log message, or null when the call logs nothing above debug */
function messageArgument(call: ts.CallExpression): ts.Expression | null {
  const { expression } = call;
  if (ts.isIdentifier(expression) && expression.text === 'logSparsely') return call.arguments.at(-1)!;
  if (!ts.isPropertyAccessExpression(expression) || !LEVELS.has(expression.name.text)) return null;
  return /(^|\.)(logger|log)\??$/.test(expression.expression.getText()) ? call.arguments.at(-1)! : null;
}

/** @returns the string literals that an expression may be, with those of the constants of its file that it names */
function literalsOf(expression: ts.Expression, file: ts.SourceFile): string[] {
  const found: string[] = [];
  const constants = new Map<string, ts.Expression>();
  const collect = (node: ts.Node): void => {
    if (ts.isVariableDeclaration(node) && ts.isIdentifier(node.name) && node.initializer)
      constants.set(node.name.text, node.initializer);
    node.forEachChild(collect);
  };
  collect(file);
  const walk = (node: ts.Expression): void => {
    if (ts.isStringLiteralLike(node)) found.push(node.text);
    else if (ts.isConditionalExpression(node)) [node.whenTrue, node.whenFalse].forEach(walk);
    else if (ts.isElementAccessExpression(node)) walk(node.expression);
    else if (ts.isObjectLiteralExpression(node))
      node.properties.forEach((property) => ts.isPropertyAssignment(property) && walk(property.initializer));
    else if (ts.isIdentifier(node) && constants.has(node.text)) walk(constants.get(node.text)!);
    else throw new Error(`${file.fileName}: the log message ${node.getText()} is not fixed text`);
  };
  walk(expression);
  return found;
}

test('docs/logs.md has each log message, and no other', () => {
  const messages = new Set<string>();
  for (const source of sources) {
    const file = ts.createSourceFile(source, readFileSync(source, 'utf8'), ts.ScriptTarget.Latest, true);
    const visit = (node: ts.Node): void => {
      const message = ts.isCallExpression(node) ? messageArgument(node) : null;
      if (message) for (const text of literalsOf(message, file)) messages.add(text);
      node.forEachChild(visit);
    };
    visit(file);
  }
  const rows = readFileSync(path.join(root, 'docs/logs.md'), 'utf8').matchAll(/^\| (`.+?`) \|/gm);
  const documented = [...rows].flatMap(([, cell]) => [...cell!.matchAll(/`([^`]+)`/g)].map((match) => match[1]!));
  expect(documented.sort()).toEqual([...messages].sort());
});
