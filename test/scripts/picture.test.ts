import { describe, expect, it } from 'vitest';
import { picture } from '../../scripts/docs/picture.js';

const rows = (text: string): string[] =>
  [...picture(text, 't').matchAll(/<text x="16"[^>]*>(.*)<\/text>/g)].map(([, inside]) => inside ?? '');

describe('a picture of a terminal', () => {
  it('has a row for each line, and is as wide as the longest', () => {
    expect(rows('one\n\ntwo\n\n')).toEqual(['one', '', 'two']);
    const width = (text: string) => Number(/width="(\d+)"/.exec(picture(text, 't'))?.[1]);
    expect(width('x'.repeat(40))).toBe(width(`\x1b[31m${'x'.repeat(40)}\x1b[39m\ny`));
  });

  it('shows colours and weights until they are taken back, over lines too', () => {
    expect(rows('a\x1b[2mb\x1b[22mc')).toEqual(['a<tspan fill-opacity="0.6">b</tspan>c']);
    expect(rows('\x1b[1;33mx\ny\x1b[0mz')).toEqual([
      '<tspan fill="#ffd43b" font-weight="bold">x</tspan>',
      '<tspan fill="#ffd43b" font-weight="bold">y</tspan>z',
    ]);
    expect(rows('\x1b[90mx\x1b[39my\x1b[7mz\x1b[27m')).toEqual([
      '<tspan fill="#868e96">x</tspan>y<tspan text-decoration="underline">z</tspan>',
    ]);
  });

  it('takes text for text', () => {
    expect(rows('<a href="x">&')).toEqual(['&lt;a href="x"&gt;&amp;']);
  });
});
