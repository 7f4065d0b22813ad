import type { Resolution, Sighting } from '../../events.js';
import { visible } from '../../sys/text.js';
import { flowText, localTime, noteLines, remarks } from '../pretty.js';
import { treeLines } from '../tree.js';
import type { Row } from './rows.js';

/** All that is known of a row, as lines: how often, then its last sighting with the tree of each process. */
export function detailLines({ process, unit, isSeveral, count, perMinute, ...row }: Row): string[] {
  const { target, flow, resolution, notes } = row.sighting;
  return [
    ...field('process', [process, ...(isSeveral ? ['(the last of several)'] : [])].join(' ')),
    ...field('unit', unit),
    ...field('target', target),
    ...field('packet', `${flowText(flow)}, ${flow.length} bytes, by ${flow.oif}`),
    ...field('seen', `${count} times, ${perMinute} in the last minute; ${span(row)}`),
    ...field('named by', sureness(resolution)),
    ...noteLines(notes).map(line => line.trimStart()),
    ...(resolution.status === 'resolved' ? resolution.processes.flatMap(about) : []),
  ];
}

function span({ firstAt, lastAt }: Pick<Row, 'firstAt' | 'lastAt'>): string {
  return `first ${localTime(firstAt)}, last ${localTime(lastAt)}`;
}

function sureness(resolution: Resolution): string {
  const how = resolution.status === 'resolved' ? `${resolution.via}, ${resolution.grade}` : 'nobody';
  return [how, ...remarks(resolution)].join(' ');
}

type Process = Extract<Sighting['resolution'], { status: 'resolved' }>['processes'][number];

function about(process: Process): string[] {
  const { pid, exe, cwd, uid, user, cgroup, container } = process;
  return [
    '',
    ...field('pid', `${pid}`),
    ...field('program', exe),
    ...field('folder', cwd),
    ...field('user', user ?? `uid ${uid}`),
    ...field('cgroup', cgroup),
    ...field('container', container),
    ...treeLines(process).map(line => `  ${line}`),
  ];
}

const LABEL = 10;

function field(label: string, value: string | null): string[] {
  return value === null || value === '' ? [] : [label.padEnd(LABEL) + visible(value)];
}
