import { listLinks, NETLINK_ROUTE, type Link } from '../netlink/link.js';
import { openNetlink } from '../netlink/socket.js';

/** Not of ptrap's own making; and nft has no way to quote a quotation mark, which the kernel allows in a name: what comes after it would be a command. */
export function isHookable({ name }: Pick<Link, 'name'>): boolean {
  return name !== '' && !name.includes('"') && !/^ptrap[0-9a-z]{6}$/.test(name);
}

/** Names of all devices that chains can be hooked to. */
export async function hookableDevices(): Promise<string[]> {
  using netlink = openNetlink(NETLINK_ROUTE);
  return (await listLinks(netlink)).filter(isHookable).map(({ name }) => name);
}
