import ts from 'typescript';
import { table } from './table.js';

/** docs/hooks.md: the hooks and the types around them, from the source text of src/hooks.ts. */
export function hooksPage(source: string): string {
  const file = ts.createSourceFile('hooks.ts', source, ts.ScriptTarget.Latest, true);
  return [
    '# Hooks',
    'Generated from `src/hooks.ts` by `npm run docs:gen`. In the order in which they run:',
    table(
      ['hook', 'tapable class', 'when'],
      hookProperties(file).map(property => [
        `\`${property.name.getText()}\``,
        classText(property),
        docOf(property),
      ]),
    ),
    '## What a tap is given',
    ...file.statements.filter(ts.isInterfaceDeclaration).flatMap(interfaceText),
  ].join('\n\n');
}

/** The properties of the object that `createHooks` freezes. */
function hookProperties(file: ts.SourceFile): ts.PropertyAssignment[] {
  const found: ts.PropertyAssignment[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isPropertyAssignment(node) && ts.isNewExpression(node.initializer)) found.push(node);
    else ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

/** `AsyncSeriesHook<[Ready, HookContext]>`. */
function classText({ initializer }: ts.PropertyAssignment): string {
  const made = initializer as ts.NewExpression;
  const types = made.typeArguments?.map(type => type.getText()).join(', ') ?? '';
  return `\`${made.expression.getText()}<${types}>\``;
}

function interfaceText(declaration: ts.InterfaceDeclaration): string[] {
  const rows = declaration.members.map(member => [`\`${memberText(member)}\``, docOf(member)]);
  return [`### ${declaration.name.text}`, docOf(declaration), table(['member', 'meaning'], rows)];
}

function memberText(member: ts.TypeElement): string {
  return member.getText().replace(/;$/, '').replace(/\s+/g, ' ');
}

function docOf(node: ts.Node): string {
  const comment = ts.getJSDocCommentsAndTags(node).find(ts.isJSDoc)?.comment;
  return (ts.getTextOfJSDocComment(comment) ?? '').replace(/\s+/g, ' ').trim();
}
