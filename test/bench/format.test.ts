import { describe, expect, it } from 'vitest';
import { figure, spreadText } from '../../bench/format.js';
import { sectionsOf } from '../../bench/page.js';

describe('figures on the page', () => {
  it.each([
    [0, '0'],
    [500, '500'],
    [50_000, '50,000'],
    [0.00496, '0.005'],
    [-0.00004, '0.000'],
    [0.126, '0.13'],
    [2.449, '2.4'],
    [2.0001, '2.0'],
    [1234.5, '1,235'],
  ])('%d as %s', (value, text) => {
    expect(figure(value)).toBe(text);
  });

  it('tells a spread where there is one', () => {
    expect(spreadText([3, 1, 2])).toBe('2 (1 to 3)');
    expect(spreadText([40, 40, 40])).toBe('40');
    expect(spreadText([undefined])).toBe('–');
  });
});

describe('the sections of the page', () => {
  it('are told apart, so that a run renews only its own', () => {
    const page = '# Title\n\n<!-- host -->\n\n## Host\n\ntext\n\n<!-- idle -->\n\n## Idle\n';
    expect(sectionsOf(page)).toEqual({ host: '## Host\n\ntext', idle: '## Idle' });
    expect(sectionsOf('')).toEqual({});
  });
});
