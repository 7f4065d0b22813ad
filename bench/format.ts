import { spreadOf } from './spread.js';
import type { MachineInfo } from './machine.js';

/** A figure with as many digits as matter. */
export function figure(value: number): string {
  if (Number.isInteger(value)) return value.toLocaleString('en');
  const size = Math.abs(value);
  const digits = size < 0.01 ? 3 : size < 1 ? 2 : size < 10 ? 1 : 0;
  return (Number(value.toFixed(digits)) || 0).toLocaleString('en', { minimumFractionDigits: digits });
}

/** `12 (10 to 15)`: the median, and how far the runs lie apart; a dash where there is no figure. */
export function spreadText(values: readonly (number | undefined)[]): string {
  const spread = spreadOf(values);
  if (!spread) return '–';
  const [median, min, max] = [spread.median, spread.min, spread.max].map(figure);
  return min === max ? median! : `${median} (${min} to ${max})`;
}

/** A Markdown table; the first column is text, the others are figures. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    line(header),
    line(header.map((_, index) => (index === 0 ? '---' : '---:'))),
    ...rows.map(line),
  ].join('\n');
}

/** The paragraph that says where figures come from, and of how many runs they are where it is the same for all. */
export function provenance(
  { date, kernel, processors, memoryGib, versions }: MachineInfo,
  runs?: number,
): string {
  const often = runs === undefined ? '' : runs === 1 ? ', one run' : `, ${runs} runs`;
  return `${date} UTC${often}. Linux ${kernel}, ${processors}, ${memoryGib} GiB; ${versions.join(', ')}.`;
}
