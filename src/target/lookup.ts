import { lookup } from 'node:dns/promises';
import ipaddr from 'ipaddr.js';
import { failure } from '../errors.js';
import type { Network, ResolvedTarget, Target } from './target.js';

/**
 * Finds the addresses of each target, with the system's own resolver for names.
 * @throws PTRAP_E_TARGET_NAME when a name has no address
 */
export async function lookupTargets(targets: readonly Target[]): Promise<ResolvedTarget[]> {
  return Promise.all(targets.map(async target => ({ ...target, networks: await networksOf(target) })));
}

async function networksOf({ host }: Target): Promise<ResolvedTarget['networks']> {
  switch (host.kind) {
    case 'any':
      return 'any';
    case 'network':
      return [host.network];
    case 'name':
      return lookupName(host.name);
  }
}

async function lookupName(name: string): Promise<Network[]> {
  const answers = await lookup(name, { all: true }).catch((error: NodeJS.ErrnoException) => {
    throw failure('PTRAP_E_TARGET_NAME', name, error.code ?? error.message);
  });
  const addresses = new Set(answers.map(({ address }) => ipaddr.process(address).toString()));
  return [...addresses].map(address => {
    const family = ipaddr.parse(address).kind();
    return { family, address, prefix: family === 'ipv4' ? 32 : 128 };
  });
}
