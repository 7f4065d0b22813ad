import { access, constants, readFile } from 'node:fs/promises';
import { failure } from '../errors.js';
import { missing, SYSTEM_PATH } from './exec.js';

/** Capabilities that ptrap needs, by their bit (linux/capability.h), and what each is for. */
const needed = [
  { name: 'CAP_NET_ADMIN', bit: 12n }, // nft, links, qdiscs
  { name: 'CAP_SYS_PTRACE', bit: 19n }, // /proc/<pid>/fd and exe of other users
  { name: 'CAP_DAC_READ_SEARCH', bit: 2n }, // the journal, /proc of other users
];

/** Which of the needed capabilities a `/proc/self/status` does not show as effective. */
export function missingCapabilities(status: string): string[] {
  const hex = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0';
  const effective = BigInt(`0x${hex}`);
  return needed.filter(({ bit }) => ((effective >> bit) & 1n) === 0n).map(({ name }) => name);
}

/** What decides which tools a run calls. */
export interface Wanted {
  source: 'auto' | 'journal' | 'nflog' | 'queue' | 'bpf';
  hold: 'netem' | 'none' | undefined;
}

const sourceTools = {
  auto: ['nft'],
  journal: ['nft', 'journalctl'],
  nflog: ['nft', 'setpriv'],
  queue: ['nft'],
  bpf: ['bpftrace', 'setpriv'],
} as const;

/** Tools that a run cannot do without. Where nothing was said, a source or a hold is used only where its tools are there. */
export function neededTools({ source, hold }: Wanted): string[] {
  return [...sourceTools[source], ...(hold === 'netem' ? ['ip', 'tc'] : [])];
}

/**
 * Checks what can be checked without touching the machine: privilege and tools.
 * @throws PTRAP_E_NOT_ROOT, PTRAP_E_NFT_MISSING, PTRAP_E_TOOL_MISSING
 */
export async function requireMachine(settings: Wanted): Promise<void> {
  const capabilities = missingCapabilities(await readFile('/proc/self/status', 'utf8'));
  if (capabilities.length > 0) throw failure('PTRAP_E_NOT_ROOT', capabilities);
  for (const tool of neededTools(settings)) {
    if (!(await isInstalled(tool))) throw missing(tool);
  }
}

/**
 * Checks that a folder can be read, if it is there at all.
 * @throws PTRAP_E_NOT_ROOT
 */
export async function requireAccess(folder: string): Promise<void> {
  await access(folder, constants.R_OK | constants.X_OK).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EACCES') throw failure('PTRAP_E_NOT_ROOT', [`access to ${folder}`]);
    if (error.code !== 'ENOENT') throw error;
  });
}

async function isInstalled(tool: string): Promise<boolean> {
  const found = await Promise.all(
    SYSTEM_PATH.split(':').map(folder =>
      access(`${folder}/${tool}`, constants.X_OK).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.includes(true);
}
