import type { Config } from '../../src/config/options.js';
import { neededCapabilities, type Capability } from '../../src/sys/requirements.js';

/** Something that ptrap is asked to do, and which capabilities it claims to need for it. */
export interface PrivilegeCase {
  name: string;
  /** Where the kernel has what it takes: the development machine's, or the virtual machine's. */
  ground: 'host' | 'guest';
  config: Config;
  capabilities: readonly Capability[];
  /** Those of which it is tried what comes of it when they alone are missing. */
  dropped: readonly Capability[];
}

const base = neededCapabilities({ execUser: undefined });
const withUser = neededCapabilities({ execUser: 'nobody' });
const least = { capabilities: base, dropped: base };

/** A command that runs for longer than it may; PORT is a number of the trial's own. */
const command = ['exec', { command: 'sleep PORT', timeoutMs: 500, user: 'nobody' }] as const;

/** Every source without a hold, every hold, and what needs more. The trial (trial.mjs) adds the target. */
export const cases: readonly PrivilegeCase[] = [
  { name: '`--source journal`', ground: 'host', config: { source: 'journal', hold: 'none' }, ...least },
  { name: '`--source nflog`', ground: 'host', config: { source: 'nflog', hold: 'none' }, ...least },
  { name: '`--source queue`', ground: 'guest', config: { source: 'queue' }, ...least },
  ...(['egress', 'clsact', 'root'] as const).map(holdStrategy => ({
    name: `\`--hold netem\`, \`${holdStrategy}\``,
    ground: 'guest' as const,
    config: { source: 'nflog' as const, hold: 'netem' as const, holdStrategy },
    ...least,
  })),
  {
    name: '`--exec-user`',
    ground: 'host',
    config: { source: 'nflog', hold: 'none', plugins: [command] },
    capabilities: withUser,
    dropped: withUser.filter(name => !base.includes(name)),
  },
];
