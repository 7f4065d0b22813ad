import { describe, expect, it } from 'vitest';
import { helpText } from '../../src/cli/help.js';
import { table } from '../../src/cli/layout.js';

describe('a table of the help', () => {
  it('wraps by words below the text, and puts the rest at the right edge where there is room', () => {
    const rows = [
      { left: '-a, --all', text: 'one two three four five', right: '[boolean]' },
      { left: '    --long', text: 'one', right: '[string]' },
    ];
    expect(table('Flags', rows, 30)).toEqual([
      'Flags:',
      '  -a, --all   one two three',
      '              four five',
      '                     [boolean]',
      '      --long  one     [string]',
    ]);
  });

  it('wraps the left column, too, when it takes more than half of the width', () => {
    expect(table('Examples', [{ left: 'ptrap watch example.org', text: 'who?' }], 30)).toEqual([
      'Examples:',
      '  ptrap watch      who?',
      '  example.org',
    ]);
  });
});

describe('the help', () => {
  it.each([undefined, 'watch', 'ls', 'cleanup'] as const)('of %s fits the terminal', command => {
    for (const width of [60, 80, 100, 110]) {
      const lines = helpText(command, width).split('\n');
      expect(Math.max(...lines.map(line => line.length))).toBeLessThanOrEqual(width);
      expect(lines.filter(line => line !== line.trimEnd())).toEqual([]);
    }
  });
});
