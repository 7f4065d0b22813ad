import { listLinks, type Link } from '../netlink/link.js';
import { deviceTo } from '../netlink/route.js';
import type { NetlinkSocket } from '../netlink/socket.js';
import { isHookable } from '../nft/device.js';
import type { Network, ResolvedTarget } from '../target/target.js';

/** A network device: the index tells it from a later one of that name. */
export type Device = Pick<Link, 'index' | 'name'>;

/** Where packets leave. */
export interface Devices {
  /**
   * The devices that packets to the targets leave by: for single addresses what the routing tables say (lo for our
   * own), for networks and any host every device that is up. One that was told before stays as long as it is there,
   * and no route leads elsewhere: what went down or lost its route is likely to come back.
   */
  to(targets: readonly ResolvedTarget[]): Promise<Device[]>;
}

/** Opens them; `netlink` is of NETLINK_ROUTE. */
export function openDevices(netlink: NetlinkSocket): Devices {
  const routes = new Map<string, number>();
  const wereUp = new Set<number>();
  return {
    async to(targets) {
      const addresses = singleAddresses(targets);
      const wanted = new Set<number>();
      for (const address of addresses ?? []) {
        const index = (await deviceTo(netlink, address)) ?? routes.get(address);
        if (index === undefined) continue;
        routes.set(address, index);
        wanted.add(index);
      }
      // asked last: whatever a route led to is among them, or gone
      const links = (await listLinks(netlink)).filter(isHookable);
      if (addresses) return links.filter(({ index }) => wanted.has(index));
      for (const { index, isUp } of links) if (isUp) wereUp.add(index);
      return links.filter(({ index }) => wereUp.has(index));
    },
  };
}

/** Whether all targets are single addresses: then routes decide, else packets may leave by any device. */
export function areSingle(targets: readonly ResolvedTarget[]): boolean {
  return singleAddresses(targets) !== undefined;
}

/** Undefined where a target is more than that. */
function singleAddresses(targets: readonly ResolvedTarget[]): string[] | undefined {
  const addresses: string[] = [];
  for (const { networks } of targets) {
    if (networks === 'any' || !networks.every(isSingle)) return undefined;
    addresses.push(...networks.map(({ address }) => address));
  }
  return addresses;
}

function isSingle({ family, prefix }: Network): boolean {
  return prefix === (family === 'ipv4' ? 32 : 128);
}
