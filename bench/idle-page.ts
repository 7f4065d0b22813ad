import { provenance, spreadText, table } from './format.js';
import { REST_SECONDS, type Idle, type Rest } from './idle.js';
import { machineInfo } from './machine.js';

/** ptrap at rest as Markdown. */
export function renderIdle({ rests, failed, bareMib, helpMs }: Idle, runs: number): string {
  const sources = [...new Set(rests.map(({ source }) => source))];
  const rows = sources.map(source => {
    const own = rests.filter(rest => rest.source === source);
    const column = (key: keyof Omit<Rest, 'source'>): string => spreadText(own.map(rest => rest[key]));
    return [
      source,
      ...(['readyMs', 'cpuFirst', 'cpu', 'cpuBeside', 'ownMib', 'allMib'] as const).map(column),
    ];
  });
  const header = [
    'source',
    'ready',
    `CPU % in the first ${REST_SECONDS} s`,
    'CPU % after that',
    'CPU % beside 1,000 others a second',
    'memory MiB',
    'with its tools MiB',
  ];
  return [
    '## At rest',
    provenance(machineInfo(), runs),
    `On the host, outside of any namespace; nothing matches, for ${REST_SECONDS} s that begin 2 s after \`ready\`, ` +
      `in which V8 collects the garbage of the start, for ${REST_SECONDS} s after that, and then for 10 s more ` +
      'beside packets to elsewhere. The table of processes follows all that begin and end on the machine, also those of whoever else works on it. CPU: of ptrap and its children, percent of one core. Memory: VmRSS at the end, of ptrap’s process alone and with the nft and journalctl that it keeps.',
    table(header, rows),
    ...failed.map(why => `Failed: ${why}`),
    `A bare \`node -e 'setInterval(() => {}, 1e9)'\`: ${spreadText(bareMib)} MiB. \`ptrap --help\`, ${helpMs.length} times: ${spreadText(helpMs)} ms.`,
  ].join('\n\n');
}
