import { rejectionOf, type Armed, type ArmOptions } from './arm.js';
import { openBpf } from './match/bpf.js';
import { openProbe, proveSource } from './match/proof.js';
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
  { settings, say, follow, confirm }: ArmOptions,
): Promise<Armed> {
  if (settings.forwarded)
    say(`nothing that is forwarded is seen: --source ${kind} sees the calls of processes`);
  using probe = await openProbe();
  const source = await openCalls(kind, teardown, {
    targets,
    probe: probe.address,
    newConnections: settings.newConnections,
    say,
  });
  const followed = follow(source);
  const proven = proveSource({ source, probe, confirm, patienceMs: PATIENCE_MS });
  const sourceLatencyMs = await Promise.race([proven, rejectionOf(followed)]);
  const { readdress } = source;
  return { source, hold: { told: { strategy: 'none', delayMs: 0 } }, sourceLatencyMs, followed, readdress };
}

function openCalls(
  kind: CallSource['name'],
  teardown: Teardown,
  options: Parameters<typeof openBpf>[1],
): Promise<CallSource> {
  switch (kind) {
    case 'bpf':
      return openBpf(teardown, options);
  }
}
