import { linkIndex, NETLINK_ROUTE } from '../netlink/link.js';
import { openNetlink } from '../netlink/socket.js';
import type { Teardown } from '../teardown/stack.js';
import type { ClsactOptions } from './clsact.js';
import { cookieOf, filterCommands, runTc } from './filters.js';
import type { Command } from './ifb.js';
import { lull, restoreRoot, ROOT_HANDLE, ROOT_KIND } from './restore.js';

/**
 * Sends what matches through the ifb by filters in a qdisc of ours, which takes the place of what each device has at
 * its root until the end.
 * @param snapshots what `rehearse` gave
 * @throws PTRAP_E_TC_FILTER; what it made is then undone
 */
export async function holdByRoot(
  teardown: Teardown,
  snapshots: ReadonlyMap<string, string[]>,
  options: ClsactOptions,
): Promise<void> {
  using socket = openNetlink(NETLINK_ROUTE);
  for (const [device, snapshot] of snapshots) {
    await teardown.make(
      { kind: 'root', device, snapshot },
      async () => {
        const index = await linkIndex(socket, device);
        if (index !== undefined) await lull(socket, index);
        await runTc(device, rootCommands(device, options));
      },
      () => restoreRoot(device, snapshot),
    );
  }
}

/** The commands for one device, in order. */
export function rootCommands(device: string, { instance, ifb, matches }: ClsactOptions): Command[] {
  const prefs = { ip: 1, ipv6: 2 };
  return [
    ['tc', 'qdisc', 'replace', 'dev', device, 'root', 'handle', ROOT_HANDLE, ROOT_KIND],
    ...filterCommands(device, ['parent', ROOT_HANDLE], { prefs, matches, ifb, cookie: cookieOf(instance) }),
  ];
}
