import { styleText } from 'node:util';
import { wrapWords } from '../cli/layout.js';
import { visible } from '../sys/text.js';
import type { Check, Report } from './report.js';

/** How text may look on its stream. */
export interface Style {
  colour: boolean;
  columns: number;
}

type Format = Parameters<typeof styleText>[0];
type Paint = (format: Format, text: string) => string;

const marks: Record<Check['status'], { sign: string; format: Format }> = {
  ok: { sign: '✓', format: 'green' },
  gap: { sign: '!', format: 'yellow' },
  blocker: { sign: '✗', format: 'red' },
  unknown: { sign: '?', format: 'cyan' },
};

const INDENT = '    ';

/** The report as lines for a person: by group, below each gap what it costs and how to close it, at the end what to do. */
export function renderReport(report: Report, { colour, columns }: Style): string[] {
  const paint: Paint = (format, text) => (colour ? styleText(format, text, { validateStream: false }) : text);
  const { ptrap, distribution, kernel, arch, checks, modulesLoaded } = report;
  const groups = [...new Set(checks.map(({ group }) => group))];
  const nameWidth = Math.max(...checks.map(({ name }) => name.length));
  return [
    paint('dim', visible(`ptrap ${ptrap} on ${distribution}, Linux ${kernel}, ${arch}`)),
    ...groups.flatMap(name => [
      '',
      paint('bold', name),
      ...checks
        .filter(({ group }) => group === name)
        .flatMap(check => checkLines(check, nameWidth, columns, paint)),
    ]),
    ...(modulesLoaded.length === 0
      ? []
      : [
          '',
          ...wrapWords(
            `Kernel modules that this has loaded, and that stay: ${modulesLoaded.join(', ')}`,
            columns,
          ),
        ]),
    '',
    ...endLines(report, columns, paint),
  ];
}

function checkLines(check: Check, nameWidth: number, columns: number, paint: Paint): string[] {
  const { status, name, found, latencyMs, costs, cure } = check;
  const { sign, format } = marks[status];
  const text = visible(latencyMs === undefined ? found : `${latencyMs.toFixed(1)} ms: ${found}`);
  const left = nameWidth + INDENT.length + 2;
  const [first = '', ...rest] = wrapWords(text, columns - left);
  return [
    `  ${paint(format, sign)} ${name.padEnd(nameWidth)}  ${status === 'ok' ? first : paint(format, first)}`,
    ...rest.map(line => `${' '.repeat(left)}${status === 'ok' ? line : paint(format, line)}`),
    ...labelled('costs', costs, columns),
    ...labelled('cure', cure, columns),
  ].map(line => line.trimEnd());
}

function labelled(label: string, text: string | undefined, columns: number): string[] {
  if (text === undefined) return [];
  const head = `${INDENT}${label.padEnd(5)}  `;
  return wrapWords(visible(text), columns - head.length).map((line, index) =>
    index === 0 ? head + line : ' '.repeat(head.length) + line,
  );
}

function endLines({ best, alternatives, checks }: Report, columns: number, paint: Paint): string[] {
  if (best === null) {
    const blockers = checks.filter(({ status }) => status === 'blocker').map(({ name }) => name);
    const why = blockers.length > 0 ? `: ${blockers.join(', ')}` : ', no source works';
    return wrapWords(`${paint('red', 'Nothing can be watched here')}${why} (see the cures above)`, columns);
  }
  return [
    paint('bold', 'Best on this machine'),
    ...choiceLines(best.command, best.why, columns, text => paint('green', text)),
    ...alternatives.flatMap(({ command, why }) => choiceLines(`or  ${command}`, why, columns, text => text)),
  ];
}

function choiceLines(
  command: string,
  why: string,
  columns: number,
  paint: (text: string) => string,
): string[] {
  return [
    `  ${paint(command)}`,
    ...wrapWords(why, columns - INDENT.length - 2).map(line => `${INDENT}  ${line}`),
  ];
}
