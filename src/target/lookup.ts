import { lookup } from 'node:dns/promises';
import ipaddr from 'ipaddr.js';
import { failure } from '../errors.js';
import type { Network, ResolvedTarget, Target } from './target.js';

/**
 * Finds the addresses of each target, with the system's own resolver for names.
 * @throws PTRAP_E_TARGET_NAME when a name has no address
 */
export async function lookupTargets(targets: readonly Target[]): Promise<ResolvedTarget[]> {
  const names = [...new Set(targets.flatMap(({ host }) => (host.kind === 'name' ? [host.name] : [])))];
  const found = new Map<string, Pick<ResolvedTarget, 'networks' | 'set'>>();
  await Promise.all(
    names.map(async (name, index) => {
      found.set(name, { networks: await lookupName(name), set: `host_${index}` });
    }),
  );
  return targets.map(target => ({ ...target, ...networksOf(target, found) }));
}

function networksOf(
  { host }: Target,
  names: ReadonlyMap<string, Pick<ResolvedTarget, 'networks' | 'set'>>,
): Pick<ResolvedTarget, 'networks' | 'set'> {
  switch (host.kind) {
    case 'any':
      return { networks: 'any' };
    case 'network':
      return { networks: [host.network] };
    case 'name':
      return names.get(host.name) ?? { networks: [] };
  }
}

/**
 * The addresses of a name, each once, as every program here finds them: from /etc/hosts, DNS, or what else the system is set up to ask.
 * @throws PTRAP_E_TARGET_NAME when it has none, or nobody answers
 */
export async function lookupName(name: string): Promise<Network[]> {
  const answers = await lookup(name, { all: true }).catch((error: NodeJS.ErrnoException) => {
    throw failure('PTRAP_E_TARGET_NAME', name, error.code ?? error.message);
  });
  const addresses = new Set(answers.map(({ address }) => ipaddr.process(address).toString()));
  return [...addresses].map(address => {
    const family = ipaddr.parse(address).kind();
    return { family, address, prefix: family === 'ipv4' ? 32 : 128 };
  });
}
