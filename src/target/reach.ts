import { deviceTo } from '../netlink/route.js';
import type { NetlinkSocket } from '../netlink/socket.js';
import type { ResolvedTarget } from './target.js';

/** Whether packets can leave for the targets at all. */
export interface Reach {
  /** Tells which targets no route leads to any more, and which again. */
  look(targets: readonly ResolvedTarget[]): Promise<void>;
}

/** A route that comes and goes is told so many times. */
const MOST_TOLD = 10;

/** Opens it; `netlink` is of NETLINK_ROUTE. For networks and any host it tells nothing. */
export function openReach(netlink: NetlinkSocket, say: (line: string) => void): Reach {
  const unreached = new Set<string>();
  const told = new Map<string, number>();

  function tell(target: string, line: string): void {
    const times = (told.get(target) ?? 0) + 1;
    told.set(target, times);
    if (times <= MOST_TOLD) say(times < MOST_TOLD ? line : `${line}; it comes and goes, and is told no more`);
  }

  return {
    async look(targets) {
      for (const { text, networks } of targets) {
        if (networks === 'any') continue;
        const devices = await Promise.all(networks.map(({ address }) => deviceTo(netlink, address)));
        const isReached = devices.some(device => device !== undefined);
        if (isReached === !unreached.has(text)) continue;
        if (isReached) {
          unreached.delete(text);
          tell(text, `${text} has a route again`);
        } else {
          unreached.add(text);
          tell(text, `no route to ${text}: nothing can be sent there until there is one`);
        }
      }
    },
  };
}
