import type { Match } from '../hooks.js';
import { protocolNumber } from '../protocol.js';
import { placeOf } from '../sys/cgroup.js';
import type { Cgroups } from './cgroups.js';
import type { Answer } from './owners.js';
import type { UserName } from './process.js';

/** What to ask of who has ended. */
export interface RemainsOptions {
  /** The id of the cgroup that sent lately, before `since` (performance.now()), from a local port; undefined where that is not certain. */
  cgroupIdOf(protocol: number, port: number, since: number): Promise<bigint | undefined>;
  cgroups: Cgroups;
  userName: UserName;
}

/** What the rules have noted of a sender is let go after 5 s: an answer is only good for a packet that is younger, in ms. */
const NOTED_MS = 4000;

/**
 * What can still be said of a sender that nobody can name any more: its cgroup, which is its systemd unit or container;
 * else its user.
 * @param arrived when the packet came (performance.now())
 */
export function openRemains({
  cgroupIdOf,
  cgroups,
  userName,
}: RemainsOptions): (match: Match, arrived: number, answer: Answer) => Promise<Answer> {
  async function cgroupOf({ flow }: Match, arrived: number): Promise<string | null> {
    const protocol = protocolNumber(flow.protocol);
    // what a packet socket writes there for a port is not its own
    if (flow.src.port === undefined || protocol === undefined || flow.packetSocket) return null;
    const id = await cgroupIdOf(protocol, flow.src.port, arrived);
    const path =
      id === undefined || performance.now() - arrived > NOTED_MS ? undefined : await cgroups.pathOf(id);
    return path === undefined || path === '/' ? null : path; // all that no one has put elsewhere is in the root
  }

  return async (match, arrived, answer) => {
    const { uid } = match.flow;
    if (!('reason' in answer) || answer.reason !== 'exited' || uid === null) return answer;
    const cgroup = await cgroupOf(match, arrived);
    const sender = { uid, user: userName(uid), cgroup, ...placeOf(cgroup) };
    return { via: 'nft', grade: cgroup === null ? 'uid' : 'cgroup', inode: null, processes: [], sender };
  };
}
