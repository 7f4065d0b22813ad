import type { ChildProcess } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { isListening } from '../../src/sys/listening.js';
import type { Namespace } from './namespace.js';

const SYSCTL = '/proc/sys/net/netfilter/nf_log_all_netns';

/** Whether the kernel logs packets of network namespaces other than the first. */
export interface KernelLog extends AsyncDisposable {
  allow(on: boolean): Promise<void>;
}

/** Lets it; disposing of it puts the setting back as it was. */
export async function openKernelLog(): Promise<KernelLog> {
  const before = await readFile(SYSCTL, 'utf8');
  const allow = (on: boolean): Promise<void> => writeFile(SYSCTL, on ? '1' : '0');
  await allow(true);
  return { allow, [Symbol.asyncDispose]: () => writeFile(SYSCTL, before) };
}

/** Audit= leaves kernel auditing as it is: turned on, it would fill the kernel log. */
const CONFIG = '[Journal]\nStorage=volatile\nAudit=\n';

/** Starts journald in the namespace, whose root folder is `root`, and waits until it listens. */
export async function startJournald(namespace: Namespace, root: string): Promise<ChildProcess> {
  await mkdir(`${root}/run/systemd/journal`, { recursive: true });
  await mkdir(`${root}/run/systemd/journald.conf.d`, { recursive: true });
  await writeFile(`${root}/run/systemd/journald.conf.d/ptrap-test.conf`, CONFIG);
  const child = namespace.spawn('/lib/systemd/systemd-journald', [], { detached: true });
  let said = '';
  child.stderr?.on('data', text => (said += String(text)));
  while (!(await isListening(`${root}/run/systemd/journal/stdout`))) {
    if (child.exitCode !== null) throw new Error(`journald ended: ${said}`);
    await sleep(20);
  }
  return child;
}
