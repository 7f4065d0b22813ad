import type { Flow } from '../events.js';
import type { Match } from '../hooks.js';
import { ask } from '../sys/exec.js';
import { climb, climbToBest, type Standing } from './ladder.js';
import { memberOf, openNamespaces, type NetworkNamespace } from './namespaces.js';
import type { Answer } from './owners.js';
import { findPortless } from './portless.js';
import { readSocketTable, type SocketTable } from './proc-net.js';
import type { NameSender } from './scan.js';
import { isConnected, isNotAccepted, TCP_LISTEN, type Socket } from './socket.js';

/**
 * Who sent a packet that this machine forwards: looked for among the sockets of the network namespaces here that have
 * its source address. /proc/<pid>/net shows these, without going there.
 * @param scan names who holds sockets
 */
export function openForwarded(
  proc: string,
  scan: NameSender,
): (match: Match, since: number) => Promise<Answer> {
  const namespaces = openNamespaces(proc);

  return async (match, since) => {
    const homes = namespaces.having(match.flow.src.address);
    if (homes.length === 0) return { reason: 'forwarded' };
    const asked = performance.now();
    const standings = await Promise.all(homes.map(home => findIn(proc, home, match.flow)));
    const owned = standings.filter(({ kind }) => kind === 'owned');
    if (owned.length > 1) return { reason: 'ambiguous' };
    const standing = owned[0] ?? standings.find(({ kind }) => kind === 'orphaned') ?? { kind: 'none' };
    const again = () => Promise.resolve(standing);
    const answer = await scan(match, { via: 'procfs', standing, asked, again }, since);
    // the kernel names no user of what it forwards: nobody there has the socket any more, or the kernel itself sent it
    return 'reason' in answer && answer.reason === 'kernel' ? { reason: 'other-netns' } : answer;
  };
}

const TABLES: Partial<Record<string, readonly [SocketTable, SocketTable]>> = {
  tcp: ['tcp', 'tcp6'],
  udp: ['udp', 'udp6'],
  udplite: ['udplite', 'udplite6'],
};

async function findIn(proc: string, home: NetworkNamespace, flow: Flow): Promise<Standing> {
  const pid = memberOf(proc, home);
  if (pid === undefined) return { kind: 'none' };
  const tables = TABLES[flow.protocol];
  if (tables === undefined) return findPortless(`${proc}/${pid}`, flow);
  const [own, dual] = tables.map(table =>
    readSocketTable(`${proc}/${pid}`, table).filter(({ local }) => local.port === flow.src.port),
  ) as [Socket[], Socket[]];
  const sockets = flow.family === 'ipv6' ? dual : [...own, ...(await carriers(pid, flow, dual))];
  if (flow.protocol !== 'tcp') return climb(sockets, flow);
  const standing = climb(sockets.filter(isConnected), flow);
  const isListeners = standing.kind === 'orphaned' && sockets.some(isNotAccepted);
  return isListeners
    ? climbToBest(
        sockets.filter(({ state }) => state === TCP_LISTEN),
        flow,
      )
    : standing;
}

/** AF_INET6 sockets as far as they can carry IPv4, which /proc does not tell of one that is bound to no address: ss does. */
async function carriers(pid: number, flow: Flow, sockets: Socket[]): Promise<Socket[]> {
  if (sockets.every(({ local }) => local.address !== '::')) return sockets;
  const kind = flow.protocol === 'tcp' ? '-t' : '-u';
  const query = ['ss', '-H', '-6', '-a', '-n', '-e', kind, `sport = :${flow.src.port}`];
  const { stdout } = await ask('nsenter', [`--net=/proc/${pid}/ns/net`, ...query]);
  const dual = new Set(
    stdout
      .split('\n')
      .filter(line => line.includes(' v6only:0 ') || line.endsWith(' v6only:0'))
      .map(line => Number(/ ino:(\d+) /.exec(line)?.[1])),
  );
  return sockets.map(socket => ({ ...socket, v6Only: !dual.has(socket.inode) }));
}
