import type { Comparison } from './compare.js';
import { figure, provenance, spreadText, table } from './format.js';
import type { Result } from './score.js';
import { spreadOf } from './spread.js';
import { tools } from './tools.js';
import { workloads } from './workloads.js';

/** The columns of times, in ms. */
const TIMES = ['known p50', 'known p99', 'p50', 'p99', 'added p50', 'added p99'];

/** The name of no tool at all. */
const BASELINE = 'none';

/** The comparison as Markdown. */
export function renderComparison(title: string, comparison: Comparison): string {
  const measured = workloads.filter(({ name }) =>
    comparison.results.some(({ workload }) => workload === name),
  );
  return [
    `## ${title}`,
    provenance(comparison.machine),
    ...missing(comparison),
    renderStarts(comparison),
    ...measured.map(({ name }) => renderWorkload(name, comparison.results)),
  ].join('\n\n');
}

/** The tools, in the order of the page, that a list is about. */
function named(list: readonly { tool: string }[]): typeof tools {
  return tools.filter(({ name }) => name !== BASELINE && list.some(({ tool }) => tool === name));
}

function missing({ starts }: Comparison): string[] {
  return named(starts).flatMap(({ name }) => {
    const failures = starts.flatMap(({ tool, ready }) =>
      tool === name && 'failed' in ready ? [ready.failed] : [],
    );
    return failures.length === 0 ? [] : [`Failed ${failures.length} times: ${failures.at(-1)}`];
  });
}

function renderStarts({ starts }: Comparison): string {
  const rows = named(starts).map(({ name, what }) => {
    const good = starts.filter(start => start.tool === name && !start.crowded && 'ms' in start.ready);
    return [
      `**${name}**: ${what}`,
      `${good.length}`,
      spreadText(good.map(({ ready }) => ('ms' in ready ? ready.ms : undefined))),
      spreadText(good.map(({ peakKib }) => peakKib / 1024)),
    ];
  });
  return `### Start and memory\n\n${table(['', 'starts', 'ready', 'memory MiB'], rows)}`;
}

function renderWorkload(workload: string, all: readonly Result[]): string {
  const results = all.filter(result => result.workload === workload);
  const baseline = results.filter(({ tool }) => tool === BASELINE);
  const [took, tookP99] = (['took', 'tookP99'] as const).map(key => middle(baseline, key));
  const rows = named(results).map(({ name }) => {
    const own = results.filter(({ tool }) => tool === name);
    const column = (pick: (result: Result) => number | undefined): string => spreadText(own.map(pick));
    return [
      name,
      column(result => result.named),
      column(result => result.wrong),
      column(result => result.unknown),
      column(result => result.knownP50),
      column(result => result.knownP99),
      column(result => result.p50),
      column(result => result.p99),
      column(result => minus(result.took, took)),
      column(result => minus(result.tookP99, tookP99)),
      column(result => result.cpuSeconds),
    ];
  });
  const header = ['', 'named', 'wrong', 'not known', ...TIMES, 'CPU s'];
  const alone =
    took === undefined || tookP99 === undefined
      ? ''
      : ` Without any tool a sender takes ${figure(took)} (p99 ${figure(tookP99)}).`;
  return `### ${workload}\n\n${results[0]?.count} senders, in ${runsOf(results)}.${alone}${lost(results)}\n\n${table(header, rows)}`;
}

/** Over all tools: one that failed has fewer. */
function runsOf(results: readonly Result[]): string {
  const runs = Math.max(...tools.map(({ name }) => results.filter(({ tool }) => tool === name).length));
  return runs === 1 ? 'one run' : `${runs} runs`;
}

function middle(results: readonly Result[], key: 'took' | 'tookP99'): number | undefined {
  return spreadOf(results.map(result => result[key]))?.median;
}

function minus(value: number | undefined, less: number | undefined): number | undefined {
  return value === undefined || less === undefined ? undefined : value - less;
}

function lost(results: readonly Result[]): string {
  const sad = results.filter(({ unanswered }) => unanswered > 0);
  const each = sad.map(({ tool, unanswered }) => `${tool} ${unanswered}`);
  return each.length === 0 ? '' : ` Senders that got no answer: ${each.join(', ')}.`;
}
