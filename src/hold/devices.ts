import { ask, must } from '../sys/exec.js';
import type { Network, ResolvedTarget } from '../target/target.js';

/**
 * The devices that packets to the targets leave by: for single addresses what the routing tables say (lo for our
 * own), for networks and any host every device that is up.
 */
export async function devicesTo(targets: readonly ResolvedTarget[]): Promise<string[]> {
  const addresses: string[] = [];
  for (const { networks } of targets) {
    if (networks === 'any' || !networks.every(isSingle)) return devicesUp();
    addresses.push(...networks.map(({ address }) => address));
  }
  const devices = await Promise.all(addresses.map(routeTo));
  return [...new Set(devices.flat())];
}

function isSingle({ family, prefix }: Network): boolean {
  return prefix === (family === 'ipv4' ? 32 : 128);
}

/** An address without a route has no device now; nothing leaves for it either. */
async function routeTo(address: string): Promise<string[]> {
  const { code, stdout } = await ask('ip', ['-j', 'route', 'get', address]);
  return code === 0 ? parseRoute(stdout) : [];
}

/** Device names in the answer of `ip -j route get`. */
export function parseRoute(json: string): string[] {
  return (JSON.parse(json) as { dev?: string }[]).flatMap(({ dev }) => (dev && isQuotable(dev) ? [dev] : []));
}

async function devicesUp(): Promise<string[]> {
  return parseLinks(await must('ip', ['-j', 'link', 'show', 'up']));
}

/** Names of the devices in the answer of `ip -j link`, without those of ptrap's own making. */
export function parseLinks(json: string): string[] {
  return (JSON.parse(json) as { ifname?: string }[]).flatMap(({ ifname }) =>
    ifname && isQuotable(ifname) && !/^ptrap[0-9a-z]{6}$/.test(ifname) ? [ifname] : [],
  );
}

/** nft has no way to quote a quotation mark, which the kernel allows in a name; what comes after it would be a command. */
function isQuotable(name: string): boolean {
  return !name.includes('"');
}
