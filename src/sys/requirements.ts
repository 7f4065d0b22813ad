import { access, constants, readFile } from 'node:fs/promises';
import { failure } from '../errors.js';
import { missing, SYSTEM_PATH } from './exec.js';
import { sudoLine } from './sudo.js';

/** The capabilities that ptrap may need, by their bit (linux/capability.h). */
const bits = {
  CAP_NET_ADMIN: 12n,
  CAP_SYS_PTRACE: 19n,
  CAP_DAC_READ_SEARCH: 2n,
  CAP_SETUID: 7n,
  CAP_SETGID: 6n,
  CAP_KILL: 5n,
  CAP_SYS_ADMIN: 21n,
  CAP_AUDIT_CONTROL: 30n,
  CAP_AUDIT_READ: 37n,
} as const;

export type Capability = keyof typeof bits;

/** What decides which tools and capabilities a run needs. */
export interface Wanted {
  source: 'auto' | 'journal' | 'nflog' | 'queue' | 'bpf' | 'audit';
  hold: 'netem' | 'none' | undefined;
  execUser: string | undefined;
}

/** For nft, links, qdiscs and netlink; the sockets and the programs of others; the folders of /proc of other users. */
const always = ['CAP_NET_ADMIN', 'CAP_SYS_PTRACE', 'CAP_DAC_READ_SEARCH'] as const;
/** To become another user, and to end what has. */
const forOtherUser = ['CAP_SETUID', 'CAP_SETGID', 'CAP_KILL'] as const;
/** To set rules of the kernel's audit, and to read its records. */
const forAudit = ['CAP_AUDIT_CONTROL', 'CAP_AUDIT_READ'] as const;
/** For setns(2). */
const forNetns = ['CAP_SYS_ADMIN'] as const;

/**
 * The least set of capabilities that a run works with; test/privileges shows it. The sources journal, nflog and queue and
 * every hold need the same, `audit` two more; what bpftrace needs beyond it, for `bpf`, it says itself.
 */
export function neededCapabilities({
  execUser,
  source,
}: Pick<Wanted, 'execUser'> & Partial<Wanted>): Capability[] {
  return [
    ...always,
    ...(source === 'audit' ? forAudit : []),
    ...(execUser === undefined ? [] : forOtherUser),
  ];
}

/** Which of the needed capabilities a `/proc/self/status` does not show as effective. */
export function missingCapabilities(status: string, needed: readonly Capability[]): Capability[] {
  const hex = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0';
  const effective = BigInt(`0x${hex}`);
  return needed.filter(name => ((effective >> bits[name]) & 1n) === 0n);
}

function notPermitted(missing: readonly string[]): Error {
  return failure('PTRAP_E_NOT_ROOT', missing, sudoLine(process.execPath, process.argv[1]));
}

/** @throws PTRAP_E_NOT_ROOT */
async function requireCapabilities(needed: readonly Capability[]): Promise<void> {
  const missing = missingCapabilities(await readFile('/proc/self/status', 'utf8'), needed);
  if (missing.length > 0) throw notPermitted(missing);
}

/**
 * Checks that another network namespace may be entered.
 * @throws PTRAP_E_NOT_ROOT
 */
export async function requireEntry(): Promise<void> {
  await requireCapabilities([...always, ...forNetns]);
}

const sourceTools = {
  auto: ['nft'],
  journal: ['nft', 'journalctl'],
  nflog: ['nft', 'setpriv'],
  queue: ['nft'],
  bpf: ['bpftrace', 'setpriv'],
  audit: ['setpriv'],
} as const;

/** Tools that a run cannot do without. Where nothing was said, a source or a hold is used only where its tools are there. */
export function neededTools({ source, hold, execUser }: Wanted): string[] {
  const tools = [...sourceTools[source], ...(hold === 'netem' ? ['ip', 'tc'] : [])];
  return [...new Set([...tools, ...(execUser === undefined ? [] : ['setpriv'])])];
}

/**
 * Checks what can be checked without touching the machine: privilege and tools.
 * @throws PTRAP_E_NOT_ROOT, PTRAP_E_NFT_MISSING, PTRAP_E_TOOL_MISSING
 */
export async function requireMachine(settings: Wanted): Promise<void> {
  await requireCapabilities(neededCapabilities(settings));
  for (const tool of neededTools(settings)) {
    await requireTool(tool);
  }
}

/**
 * Checks that a folder can be read, if it is there at all.
 * @throws PTRAP_E_NOT_ROOT
 */
export async function requireAccess(folder: string): Promise<void> {
  await access(folder, constants.R_OK | constants.X_OK).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EACCES') throw notPermitted([`access to ${folder}`]);
    if (error.code !== 'ENOENT') throw error;
  });
}

/**
 * Sees that a tool is there before anything is made that could not be undone without it.
 * @throws PTRAP_E_NFT_MISSING, PTRAP_E_TOOL_MISSING
 */
export async function requireTool(tool: string): Promise<void> {
  if (!(await isInstalled(tool))) throw missing(tool);
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
