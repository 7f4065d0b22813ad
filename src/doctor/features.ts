import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { failure, PtrapError } from '../errors.js';
import { makeIfb, removeIfb } from '../hold/ifb.js';
import { openGroup } from '../match/group.js';
import { openProcConnector } from '../netlink/proc-connector.js';
import { openNft } from '../nft/session.js';
import { openResolver } from '../resolve/resolver.js';
import { tableName } from '../rules/ruleset.js';
import { buildSenders } from '../rules/senders.js';

const NAME = 'probe0';
const TABLE = `inet ${tableName(NAME)}`;

/** nft transactions that show what the kernel knows; no chain of theirs sees a packet. */
const transactions = {
  nf_tables: [`add table ${TABLE}`],
  owner: [`add table ${TABLE} { flags owner; }`],
  egress: [
    'add table netdev probe { flags owner; }',
    'add chain netdev probe hold',
    'add rule netdev probe hold fwd to "lo"',
    'add chain netdev probe out { type filter hook egress device "lo" priority 0; }',
  ],
  cgroups: [`add table ${TABLE}`, `add chain ${TABLE} none`, ...buildSenders(NAME, ['none'])],
  queue: [`add table ${TABLE}`, `add chain ${TABLE} none`, `add rule ${TABLE} none queue num 1 bypass`],
} as const satisfies Record<string, readonly string[]>;

/**
 * Has nft apply one of them; it is gone again with nft.
 * @throws PTRAP_E_NFT_MISSING, PTRAP_E_NFT with nft's own words
 */
export async function transaction(name: keyof typeof transactions): Promise<void> {
  await using nft = await openNft();
  await nft.transaction(transactions[name]);
  if (name === 'owner' || name === 'egress') return; // the kernel removes what has an owner
  await nft.transaction([`delete table ${TABLE}`]);
}

/**
 * Binds an NFLOG group.
 * @throws PTRAP_E_NFLOG_MISSING
 */
export async function nflog(): Promise<void> {
  const { socket } = await openGroup(1);
  socket[Symbol.dispose]();
}

const SCRATCH = 'ptrapprobe0';

/**
 * Makes an ifb device with a netem, and removes both.
 * @throws PTRAP_E_IFB_MISSING, PTRAP_E_NETEM_MISSING
 */
export async function netem(): Promise<void> {
  try {
    await makeIfb(SCRATCH, SCRATCH, 1);
  } finally {
    await removeIfb(SCRATCH, SCRATCH);
  }
}

/**
 * The same without the netem.
 * @throws PTRAP_E_IFB_MISSING
 */
export function ifb(): Promise<void> {
  return netem().catch((error: unknown) => {
    if (!(error instanceof PtrapError && error.code === 'PTRAP_E_NETEM_MISSING')) throw error;
  });
}

/**
 * Asks the kernel for a socket of our own.
 * @throws PTRAP_E_PROBE_UNRESOLVED
 */
export async function sockDiag(): Promise<void> {
  const socket = createSocket('udp4');
  const resolver = openResolver();
  try {
    socket.bind({ address: '127.0.0.1', port: 0, exclusive: true });
    await once(socket, 'listening');
    const own = { address: '127.0.0.1', port: socket.address().port };
    const flow = { family: 'ipv4', protocol: 'udp', src: own, dst: own, oif: 'lo', length: 28 } as const;
    const resolution = await resolver.resolve({
      target: '',
      at: new Date().toISOString(),
      flow: { ...flow, uid: process.getuid?.() ?? null, gid: null },
    });
    if (resolution.status === 'unresolved') throw failure('PTRAP_E_PROBE_UNRESOLVED', resolution.reason);
  } finally {
    socket.close();
    resolver[Symbol.dispose]();
  }
}

/**
 * Subscribes to the start and end of processes.
 * @throws PTRAP_E_PROC_CONNECTOR, PTRAP_E_PROC_NAMESPACE
 */
export function processEvents(): Promise<void> {
  return Promise.resolve(
    openProcConnector({ onEvent: () => undefined, onLoss: () => undefined })[Symbol.dispose](),
  );
}
