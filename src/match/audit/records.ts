import { once } from 'node:events';
import { readFileSync, readlinkSync } from 'node:fs';
import { NETLINK_AUDIT, READLOG_GROUPS } from '../../netlink/audit.js';
import { openPromptNetlink, type PromptNetlink } from '../../netlink/prompt.js';
import { relayPastOverruns } from '../../netlink/relay.js';
import { start, type Child } from '../../sys/exec.js';
import { ownProgram } from '../../sys/own-program.js';

/** As much as net.core.rmem_max allows. */
const QUEUE_BYTES = 64 << 20;
/** A kernel thread, in the first pid namespace; it is in the first network namespace. */
const KTHREADD = 2;
/** A socket that every record of the kernel's audit comes to (CAP_AUDIT_READ). */
export function openRecords(): PromptNetlink {
  return openPromptNetlink(NETLINK_AUDIT, QUEUE_BYTES, READLOG_GROUPS);
}

/** A child that copies records to its stdout, and a line to stderr when it missed some. */
export interface Records {
  child: Omit<Child, 'stdin'>;
  /** Settles when it hears all that is told from then on. */
  up: Promise<unknown>;
}

/**
 * Starts to read all records. They are told in the first network namespace alone (kauditd_send_multicast_skb in
 * kernel/audit.c): from another, the child goes there.
 */
export function startRecords(): Records {
  const first = `/proc/${KTHREADD}/ns/net`;
  if (readlinkSync(first) === readlinkSync('/proc/self/ns/net'))
    return { child: relayPastOverruns(openRecords()), up: Promise.resolve() };
  const reader = [process.execPath, ...ownProgram('match/audit/reader')];
  const child = start('setpriv', ['--pdeathsig', 'KILL', 'nsenter', `--net=${first}`, ...reader]);
  return { child, up: once(child.stdout, 'readable') };
}

/** Records that the kernel had no room for in the buffer of the socket that is a child's stdin; 0 where that is none. */
export function dropsOf(pid: number | undefined): number {
  try {
    const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/0`))?.[1];
    const lines = readFileSync(`/proc/${pid}/net/netlink`, 'latin1').trim().split('\n');
    const fields = lines.map(line => line.trim().split(/\s+/)).find(found => found.at(-1) === inode);
    return Number(fields?.at(-2) ?? 0);
  } catch {
    return 0; // it has ended
  }
}
