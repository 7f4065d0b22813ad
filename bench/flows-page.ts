import type { FlowsResult } from './flows.js';
import { figure, provenance, table } from './format.js';
import { machineInfo } from './machine.js';

/** The flood of new flows as Markdown. */
export function renderFlows(results: readonly FlowsResult[]): string {
  const rows = results.map(result => {
    const { limit, keep, sent, perSecond, sightings, counted, summary, cpuSeconds } = result;
    const counts = (['matches', 'resolved', 'unresolved', 'suppressed', 'lost'] as const).map(key =>
      summary ? figure(summary[key]) : '–',
    );
    const name = `${keep === 0 ? 'closed at once' : `the last ${figure(keep)} open`}, --limit-per ${limit}`;
    return [
      name,
      figure(sent),
      figure(perSecond),
      ...counts,
      verdict(result),
      figure(sightings),
      figure(counted),
    ].concat(figure(cpuSeconds));
  });
  const header = [
    'sockets, limit',
    'sent',
    'a second',
    'matches',
    'resolved',
    'unresolved',
    'suppressed',
    'lost',
  ];
  const memory = results.map(({ limit, keep, memory }) => [
    `${keep === 0 ? 'closed at once' : 'open'}, ${limit}`,
    memory.map(mib => mib.toFixed(0)).join(' '),
  ]);
  return [
    '## 5,000 new flows a second',
    provenance(machineInfo(), 1),
    'On the host, `--source nflog`. One process opens a UDP socket for each packet, for 30 s. *Adds up*: matches = resolved + unresolved + suppressed + lost, and matches = sent. *Count*: the sum of what the printed sightings stand for.',
    table([...header, 'adds up', 'sightings', 'count', 'CPU s'], rows),
    'Resident memory of ptrap’s process in MiB, second by second from `ready` on:',
    table(['sockets, limit', 'MiB'], memory),
  ].join('\n\n');
}

function verdict({ sent, summary }: FlowsResult): string {
  if (!summary) return 'no summary';
  const { matches, resolved, unresolved, suppressed, lost } = summary;
  const parts = resolved + unresolved + suppressed + lost;
  if (parts !== matches) return `no: ${figure(parts)} of ${figure(matches)}`;
  return matches === sent ? 'yes' : `no: ${figure(matches)} of ${figure(sent)} sent`;
}
