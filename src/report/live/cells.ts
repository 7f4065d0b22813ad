import type { ProcessInfo, Sender, Sighting } from '../../events.js';
import { visible } from '../../sys/text.js';
import { shortId } from '../pretty.js';

/** What a sighting says in its row of the table, and which row that is. Text of processes is escaped. */
export interface Cells {
  /** The same for all that one program, in one unit or container, of one user, sends to a target. */
  key: string;
  /** `comm[pid]`, of each that holds the socket. */
  process: string;
  /** Its container, else its systemd unit, else its user. */
  unit: string;
}

/** The cells of a sighting. */
export function cellsOf({ target, flow, resolution }: Sighting): Cells {
  const holders = resolution.status === 'resolved' ? resolution.processes : [];
  const sender = resolution.status === 'resolved' ? resolution.sender : undefined;
  if (holders.length > 0) {
    const unit = unique(holders.map(unitOf));
    const programs = holders.map(({ exe, comm, uid }) => [exe, comm, uid]);
    return {
      key: JSON.stringify([target, unit, programs]),
      process: visible(unique(holders.map(nameOf)).join(', ')),
      unit: visible(unit.join(', ')),
    };
  }
  const unit = sender ? unitOf(sender) : flow.uid === null ? '' : `uid ${flow.uid}`;
  const process = resolution.status === 'resolved' ? '(unknown)' : `(unknown: ${resolution.reason})`;
  return { key: JSON.stringify([target, unit, process]), process, unit: visible(unit) };
}

function nameOf({ comm, pid }: ProcessInfo): string {
  return `${comm}[${pid}]`;
}

function unitOf({ container, runtime, unit, cgroup, user, uid }: Sender): string {
  if (container !== null) return `${runtime ?? 'container'}:${shortId(container)}`;
  return unit ?? (cgroup === null || cgroup === '/' ? (user ?? `uid ${uid}`) : cgroup);
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}
