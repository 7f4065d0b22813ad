import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { createHooks } from '../../src/hooks.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const text = readFileSync(`${root}docs/plugins.md`, 'utf8');
const examples = [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code!);

/** What the compiler says of the examples, each a file of its own in the root folder. */
function diagnose(codes: readonly string[]): string[] {
  const { config } = ts.readConfigFile(`${root}tsconfig.json`, path => ts.sys.readFile(path)) as {
    config: object;
  };
  const { options } = ts.parseJsonConfigFileContent(
    { ...config, include: [], files: ['x.ts'] },
    ts.sys,
    root,
  );
  const files = new Map(codes.map((code, index) => [`${root}example-${index + 1}.ts`, code]));
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.fileExists = name => files.has(name) || fileExists(name);
  host.getSourceFile = (name, ...rest) =>
    files.has(name)
      ? ts.createSourceFile(name, files.get(name)!, ts.ScriptTarget.Latest)
      : getSourceFile(name, ...rest);
  const program = ts.createProgram([...files.keys()], { ...options, noEmit: true }, host);
  return [...files.keys()].flatMap(name =>
    ts.getPreEmitDiagnostics(program, program.getSourceFile(name)).map(({ messageText, start }) => {
      const message = ts.flattenDiagnosticMessageText(messageText, ' ');
      return `${name.slice(root.length)} at ${files.get(name)!.slice(start).split('\n')[0]}: ${message}`;
    }),
  );
}

describe('docs/plugins.md', { timeout: 60_000 }, () => {
  it('has examples that compile', () => {
    expect(examples.length).toBeGreaterThan(7);
    expect(diagnose(examples)).toEqual([]);
  });

  it('would not pass with one that does not', () => {
    const wrong = examples[0]!.replace('hooks.report', 'hooks.reprot');
    expect(diagnose([wrong]).join()).toContain("Property 'reprot' does not exist");
  });

  it('has an example of every hook', () => {
    for (const hook of Object.keys(createHooks()))
      expect(examples.join()).toContain(`trap.hooks.${hook}.tap`);
  });
});
