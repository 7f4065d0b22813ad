import { failure } from '../../errors.js';
import { architecturesOf, type Architecture } from '../../netlink/audit-syscalls.js';
import type { ResolvedTarget } from '../../target/target.js';
import type { Effect } from '../../teardown/record.js';
import type { Teardown } from '../../teardown/stack.js';
import { openAuditControl, type AuditControl } from './control.js';
import type { AuditStatus } from '../../netlink/audit.js';

/** What it takes to have calls recorded. */
export interface SetUpOptions {
  instance: string;
  /** False: only what opens a connection matters. */
  sends: boolean;
  /** Whether another ptrap that still runs has turned auditing on: the last one turns it off. */
  wasOff(): Promise<boolean>;
  say(line: string): void;
  /** Told what cannot be seen, and so is to be in the summary as well. */
  tellGap(line: string): void;
}

/** Calls are being recorded. */
export interface SetUp {
  architectures: readonly Architecture[];
  key: string;
  /** Records that the kernel has lost since. */
  lost(): Promise<number>;
}

/** What the rules of an instance are named by. */
export function auditKey(instance: string): string {
  return `ptrap-${instance}`;
}

/** Whether calls that send are to be recorded; else only those that open connections. */
export function recordsSends(targets: readonly ResolvedTarget[], newConnections: boolean): boolean {
  const isTcp = targets.every(({ protocols }) => protocols.length === 1 && protocols[0] === 'tcp');
  return !(newConnections && isTcp);
}

/** Undoes what an instance has set up, and turns auditing off where that is how it was, unless somebody needs it by now. */
export async function tearDownAudit({
  key,
  enabled,
}: Omit<Extract<Effect, { kind: 'audit' }>, 'kind'>): Promise<void> {
  using control = openAuditControl();
  await control.remove(key);
  if (enabled !== 0) return;
  const { keys, others } = await control.rules();
  const status = await control.status();
  if (status.enabled === 1 && status.pid === 0 && keys.size === 0 && others === 0)
    await control.setEnabled(0);
}

/**
 * Adds the rules of this instance and turns auditing on.
 * @throws PTRAP_E_AUDIT_MISSING, PTRAP_E_AUDIT_REFUSED, PTRAP_E_AUDIT_LOCKED, PTRAP_E_AUDIT_PANIC, PTRAP_E_AUDIT_NEVER, PTRAP_E_AUDIT_ARCH
 */
export async function setUpAudit(teardown: Teardown, options: SetUpOptions): Promise<SetUp> {
  const architectures = architecturesOf(process.arch);
  if (!architectures) throw failure('PTRAP_E_AUDIT_ARCH', process.arch);
  const control = openAuditControl();
  teardown.defer(() => control[Symbol.dispose]());
  const before = await control.status();
  await requireUsable(control, before, options);
  tellCost(before, options);

  const key = auditKey(options.instance);
  const enabled = before.enabled === 0 || (await options.wasOff()) ? 0 : 1;
  await teardown.make(
    { kind: 'audit', key, enabled },
    async () => {
      await control.add(architectures, key, options.sends);
      if (before.enabled === 0) await control.setEnabled(1);
    },
    () => tearDownAudit({ key, enabled }),
  );
  return { architectures, key, lost: async () => (await control.status()).lost - before.lost };
}

async function requireUsable(
  control: AuditControl,
  { enabled, failure: onLoss }: AuditStatus,
  { tellGap }: SetUpOptions,
): Promise<void> {
  if (enabled === 2) throw failure('PTRAP_E_AUDIT_LOCKED');
  if (onLoss === 2) throw failure('PTRAP_E_AUDIT_PANIC');
  const rules = await control.rules();
  if (rules.neverTask) throw failure('PTRAP_E_AUDIT_NEVER');
  if (rules.neverExit)
    tellGap(
      'calls that a rule of this machine keeps from being audited (auditctl -l: never,exit) are not seen',
    );
}

function tellCost({ pid, rateLimit }: AuditStatus, { sends, say, tellGap }: SetUpOptions): void {
  const calls = sends ? 'connect and send' : 'connect';
  say(`until the end every ${calls} of every process on this machine is recorded, and slower for it`);
  say(
    pid === 0
      ? 'no auditd runs: the kernel prints some of the records into its own log (10 in 5 s, kernel.printk_ratelimit), and journald may keep all of them'
      : `auditd (pid ${pid}) gets the records, too, and writes them to its log`,
  );
  if (rateLimit > 0)
    tellGap(`the kernel drops what is beyond ${rateLimit} audit records a second (auditctl -s: rate_limit)`);
}
