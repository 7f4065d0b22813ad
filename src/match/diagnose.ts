import { access } from 'node:fs/promises';
import { failure } from '../errors.js';
import { ask } from '../sys/exec.js';
import { isListening } from '../sys/listening.js';

/** journald's own; under systemd, asking starts journald where it is merely not running yet. */
const JOURNALD = '/run/systemd/journal/stdout';

/** Whether journald takes what is logged. */
export function journalRuns(): Promise<boolean> {
  return isListening(JOURNALD);
}

/**
 * Why no probe came back through the journal: names the first broken link from the packet to the entry.
 * @param logged how many packets the kernel has logged so far
 */
export async function diagnoseJournal(logged: () => Promise<number>): Promise<Error> {
  if ((await logged()) === 0) return failure('PTRAP_E_PROBE_NOT_LOGGED');
  if (!(await journalRuns())) return failure('PTRAP_E_JOURNALD_DOWN');
  const { code, stdout, stderr } = await ask('journalctl', ['-k', '-n', '1', '-o', 'json', '--no-pager']);
  if (code !== 0) return failure('PTRAP_E_JOURNALCTL', stderr.split('\n')[0] || `exit code ${code}`);
  if (await isOtherNetns()) return failure('PTRAP_E_NETNS_LOG');
  if (stdout !== '') return failure('PTRAP_E_KERNEL_LOG_HELD');
  return failure('PTRAP_E_KERNEL_LOG_UNREAD', stderr.split('\n')[0] ?? '');
}

/**
 * The kernel logs packets of other namespaces than the first only where nf_log_all_netns allows it, a sysctl that is
 * there in the first alone (nf_log.c). /proc/1/ns is not to be read everywhere, not even by root.
 */
function isOtherNetns(): Promise<boolean> {
  return access('/proc/sys/net/netfilter/nf_log_all_netns').then(
    () => false,
    () => true,
  );
}
