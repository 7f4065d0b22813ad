import { rejectionOf, type Armed, type ArmOptions } from './arm.js';
import { openBpf } from './match/bpf.js';
import { openAudit } from './match/audit.js';
import { destinationOf } from './match/audit/sockaddr.js';
import type { LookUp } from './match/audit/sockets.js';
import { openProbe, proveSource, type Probe } from './match/proof.js';
import { openDirectNetlink } from './netlink/direct.js';
import { openInodes, type KnownSocket } from './resolve/inodes.js';
import { NETLINK_SOCK_DIAG } from './resolve/sock-diag.js';
import { openGuard } from './teardown/guard.js';
import { listInstances, type Instance } from './teardown/recover.js';
import type { CallSource } from './match/source.js';
import type { ResolvedTarget } from './target/target.js';
import type { Teardown } from './teardown/stack.js';

/** How long a probe may take, in ms. */
const PATIENCE_MS = 5000;

/**
 * Opens a source that sees the calls which send: without any rule, and nothing is held.
 * @throws what the source and its proof throw
 */
export async function armCalls(
  kind: CallSource['name'],
  teardown: Teardown,
  targets: readonly ResolvedTarget[],
  options: ArmOptions,
): Promise<Armed> {
  const { settings, say, follow, confirm } = options;
  if (settings.forwarded)
    say(`nothing that is forwarded is seen: --source ${kind} sees the calls of processes`);
  const { source, probe } = await openCalls(kind, teardown, targets, options);
  const followed = follow(source);
  const proven = proveSource({ source, probe, confirm, patienceMs: PATIENCE_MS });
  const { latencyMs: sourceLatencyMs } = await Promise.race([proven, rejectionOf(followed)]);
  const { readdress } = source;
  return { source, hold: { told: { strategy: 'none', delayMs: 0 } }, sourceLatencyMs, followed, readdress };
}

/** Opens it, and what it is to be proven with. */
async function openCalls(
  kind: CallSource['name'],
  teardown: Teardown,
  targets: readonly ResolvedTarget[],
  options: ArmOptions,
): Promise<{ source: CallSource; probe: Probe }> {
  if (kind === 'audit') return openAudited(teardown, targets, options);
  const probe = await openProbe();
  teardown.defer(() => probe[Symbol.dispose]());
  const { say, settings } = options;
  const { newConnections } = settings;
  return { source: await openBpf(teardown, { targets, probe: probe.address, newConnections, say }), probe };
}

async function openAudited(
  teardown: Teardown,
  targets: readonly ResolvedTarget[],
  { instance, settings, say, tellGap, originOf }: ArmOptions,
): ReturnType<typeof openAudit> {
  const guard = await openGuard(instance);
  teardown.defer(() => guard.dismiss());
  const diag = openDirectNetlink(NETLINK_SOCK_DIAG);
  teardown.defer(() => diag[Symbol.dispose]());
  const inodes = openInodes(diag, '/proc');
  return openAudit(teardown, {
    instance,
    targets,
    newConnections: settings.newConnections,
    say,
    tellGap,
    originOf,
    wasOff: async () => (await listInstances()).some(hasTurnedAuditOn),
    lookUp: (inode, isUrgent) => callSocketOf(inodes.find(inode, isUrgent)),
  });
}

/** Whether it still runs, and auditing was off before it. */
function hasTurnedAuditOn({ alive, effects }: Instance): boolean {
  return alive && effects.some(effect => effect.kind === 'audit' && effect.enabled === 0);
}

function callSocketOf(found: KnownSocket | undefined): ReturnType<LookUp> {
  if (!found) return undefined;
  const { protocol, local, remote } = found;
  return { protocol, local, peer: remote.port === 0 ? undefined : destinationOf(remote) };
}
