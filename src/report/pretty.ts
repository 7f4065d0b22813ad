import { styleText } from 'node:util';
import type {
  Event,
  Flow,
  Grade,
  ProcessInfo,
  Ready,
  Resolution,
  Sender,
  Sighting,
  Summary,
  UnresolvedReason,
} from '../events.js';
import { visible } from '../sys/text.js';
import { cut, label, treeLines } from './tree.js';

/** How text may look on its stream; without `columns` lines are not cut. */
export interface Style {
  colour: boolean;
  columns?: number;
}

type Paint = (format: Parameters<typeof styleText>[0], text: string) => string;

/** An event as lines for a person. Text of processes is escaped. */
export function prettyEvent(event: Event, style: Style): string[] {
  const paint: Paint = (format, text) =>
    style.colour ? styleText(format, text, { validateStream: false }) : text;
  switch (event.type) {
    case 'ready':
      return [paint('dim', readyLine(event))];
    case 'sighting':
      return sightingLines(event, paint, style.columns);
    case 'summary':
      return [paint('dim', summaryLine(event))];
  }
}

function heldText({ strategy, delayMs }: Ready['hold']): string {
  if (strategy === 'none') return 'no hold';
  return strategy === 'queue' ? `held for ${delayMs} ms at the most` : `held ${delayMs} ms by ${strategy}`;
}

export function readyLine({ targets, source, sourceLatencyMs, hold }: Ready): string {
  const held = heldText(hold);
  return visible(
    `ptrap: watching ${targets.join(', ')} (${source}, ${sourceLatencyMs.toFixed(1)} ms; ${held})`,
  );
}

function summaryLine({ matches, resolved, unnamed, unresolved, suppressed, lost }: Summary): string {
  const parts = [
    `${resolved} resolved${unnamed ? ` (${unnamed} of them to a cgroup or user alone)` : ''}`,
    `${unresolved} unresolved`,
  ];
  if (suppressed > 0) parts.push(`${suppressed} suppressed`);
  if (lost > 0) parts.push(`${lost} lost`);
  return `ptrap: ${matches} ${matches === 1 ? 'match' : 'matches'}: ${parts.join(', ')}`;
}

function sightingLines(sighting: Sighting, paint: Paint, columns?: number): string[] {
  const { at, flow, resolution, count, notes } = sighting;
  const head = [
    paint('dim', localTime(at)),
    ...who(resolution, flow, paint),
    visible(flowText(flow)),
    ...places(resolution),
    ...remarks(resolution).map(remark => paint('yellow', remark)),
    ...(count > 1 ? [paint('yellow', `×${count}`)] : []),
  ].join('  ');
  const top = [head, ...noteLines(notes, columns)];
  if (resolution.status === 'unresolved')
    return [...top, ...suspectLines(resolution.suspects ?? [], columns)];
  const width = columns === undefined ? {} : { columns: columns - INDENT.length };
  const trees = resolution.processes.map(process => treeLines(process, width).map(line => INDENT + line));
  return [...top, ...trees.flatMap(lines => highlightLast(lines, paint))];
}

const INDENT = '  ';

/** Who may have sent it, a line each. */
function suspectLines(suspects: readonly ProcessInfo[], columns?: number): string[] {
  return suspects.map(suspect => cut(`${INDENT}perhaps ${label(suspect)}`, columns));
}

/** What notes have to say to a person: their `text`, a line each. */
export function noteLines(notes: Sighting['notes'], columns?: number): string[] {
  return Object.entries(notes).flatMap(([plugin, note]) => {
    const text = typeof note === 'object' && note !== null && 'text' in note ? note.text : undefined;
    return typeof text === 'string' ? [cut(INDENT + visible(`${plugin}: ${text}`), columns)] : [];
  });
}

/** The culprit is the last line of its tree. */
function highlightLast(lines: readonly string[], paint: Paint): string[] {
  return lines.map((line, index) => (index === lines.length - 1 ? line : paint('dim', line)));
}

function who(resolution: Resolution, flow: Flow, paint: Paint): string[] {
  const holders = resolution.status === 'resolved' ? resolution.processes : [];
  if (holders.length === 0) {
    const user = flow.uid === null ? [] : [senderOf(resolution)?.user ?? `uid ${flow.uid}`];
    return [paint('red', 'unknown process'), ...user.map(visible)];
  }
  const names = holders.map(({ comm, pid }) => paint(['bold', 'green'], visible(`${comm}[${pid}]`)));
  const users = unique(holders.map(({ user, uid }) => user ?? `uid ${uid}`));
  return [names.join(', '), visible(users.join(', '))];
}

function places(resolution: Resolution): string[] {
  if (resolution.status === 'unresolved') return [];
  const { processes, sender } = resolution;
  if (sender === undefined) return unique(processes.flatMap(place));
  const unnamed = sender.cgroup === null ? [] : [visible(sender.cgroup)];
  return sender.unit === null && sender.container === null ? unnamed : place(sender);
}

function senderOf(resolution: Resolution): Sender | undefined {
  return resolution.status === 'resolved' ? resolution.sender : undefined;
}

/** Where it belongs: its container, with the pod and the process's pid in there, else its systemd unit. */
function place({ container, runtime, pod, unit, nsPid }: Belonging): string[] {
  if (container === null) return unit === null ? [] : [visible(unit)];
  const inside = [
    ...(pod === undefined ? [] : [`pod ${pod}`]),
    ...(nsPid === undefined ? [] : [`pid ${nsPid} there`]),
  ];
  const detail = inside.length > 0 ? ` (${inside.join(', ')})` : '';
  return [visible(`${runtime ?? ''} container ${shortId(container)}${detail}`.trimStart())];
}

/** A container's id as its engine shortens it; a name as it is. */
export function shortId(container: string): string {
  return /^[0-9a-f]{64}$/.test(container) ? container.slice(0, 12) : container;
}

type Belonging = Pick<Sender, 'container' | 'runtime' | 'pod' | 'unit'> & Pick<ProcessInfo, 'nsPid'>;

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}

/** `src → dst/protocol`, with the ICMP type and code where there are no ports. */
export function flowText({ src, dst, protocol, icmp, family }: Flow): string {
  const end = ({ address, port }: Flow['src']) =>
    port === undefined ? address : `${family === 'ipv6' ? `[${address}]` : address}:${port}`;
  const detail = icmp ? ` type ${icmp.type} code ${icmp.code}` : '';
  return `${end(src)} → ${end(dst)}/${protocol}${detail}`;
}

const gradeWords: Record<Grade, string | undefined> = {
  exact: undefined,
  call: undefined,
  wildcard: '(its socket is bound to any address)',
  shared: '(all of these hold the socket)',
  cgroup: '(only its cgroup is known: its socket was gone)',
  uid: '(only its user is known: its socket was gone)',
  history: '(has exited since)',
};

const SUSPECTED = '(over a packet socket, such as these processes have: nothing says which of them sent it)';

const reasonWords: Record<UnresolvedReason, string> = {
  exited: '(its process had exited before it could be asked for)',
  kernel: '(sent by the kernel itself, no process owns it)',
  forwarded: '(forwarded for another machine or a virtual one)',
  'other-netns': '(of another network namespace, where nobody has its socket any more)',
  ambiguous: '(several sockets fit, none of them certainly)',
  timeout: '(the look-up took too long)',
};

/** What is to be known of how sure that is, or why nobody is named. */
export function remarks(resolution: Resolution): string[] {
  if (resolution.status === 'unresolved' && resolution.suspects) return [SUSPECTED];
  const words =
    resolution.status === 'unresolved' ? reasonWords[resolution.reason] : gradeWords[resolution.grade];
  return words === undefined ? [] : [words];
}

/** Wall-clock time of this machine, with milliseconds. */
export function localTime(at: string): string {
  const date = new Date(at);
  const two = (number: number) => String(number).padStart(2, '0');
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
  return `${clock}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}
