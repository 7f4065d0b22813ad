import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const root = new URL('../../', import.meta.url);
const text = readFileSync(new URL('docs/security.md', root), 'utf8');

/** The list items before the last heading, which is about what no test can show. */
const threats = text
  .slice(0, text.indexOf('## What ptrap cannot do'))
  .split(/\n(?=- |\n)/)
  .filter(part => part.startsWith('- '));

describe('docs/security.md', () => {
  it('has threats', () => {
    expect(threats.length).toBeGreaterThan(20);
  });

  it.each(threats.map(threat => [threat.slice(2, 62), threat]))('names a test for: %s', (_begin, threat) => {
    const tests = threat.match(/(?<=`)test\/[^`]+(?=`)/g) ?? [];
    expect(tests.length).toBeGreaterThan(0);
    for (const test of tests) expect(existsSync(new URL(test, root)), test).toBe(true);
  });
});
