import type { Gaps } from './gaps.js';
import type { HoldFollower } from './hold/follow.js';
import { NETLINK_ROUTE } from './netlink/link.js';
import { openNetworkEvents } from './netlink/network-events.js';
import { openNetlink } from './netlink/socket.js';
import { openPaced } from './sys/paced.js';
import type { AddressChange } from './target/addresses.js';
import { followNames } from './target/follow.js';
import { openReach } from './target/reach.js';
import type { ResolvedTarget } from './target/target.js';

/** What it takes to keep up. */
export interface ChangesOptions {
  targets: readonly ResolvedTarget[];
  /** Makes other addresses of a host name count. */
  readdress(change: AddressChange): Promise<void>;
  /** Not there where nothing is held by device. */
  hold: HoldFollower | undefined;
  gaps: Gaps;
  say(line: string): void;
  fail(error: unknown): void;
}

/**
 * Keeps up with a world that changes while ptrap runs, until it is disposed of: host names that get other addresses,
 * links and routes that come and go, traffic control that others change.
 */
export function followChanges({
  targets,
  readdress,
  hold,
  gaps,
  say,
  fail,
}: ChangesOptions): AsyncDisposable {
  let current = targets;
  const netlink = openNetlink(NETLINK_ROUTE);
  const reach = openReach(netlink, say);
  const looks = openPaced(async () => {
    await reach.look(current);
    await hold?.look(current);
  }, fail);
  const events = openNetworkEvents(event => {
    hold?.onEvent(event).catch(fail);
    looks.ring();
  });
  looks.ring(); // something may have changed before anybody listened

  let changing: Promise<unknown> = Promise.resolve();

  async function change(addresses: AddressChange): Promise<void> {
    const { set, networks } = addresses;
    current = current.map(target => (target.set === set ? { ...target, networks } : target));
    await readdress(addresses);
    await hold?.readdress(addresses);
    looks.ring();
  }

  const names = followNames(targets, {
    change(addresses) {
      const changed = change(addresses);
      changing = Promise.allSettled([changing, changed]);
      return changed;
    },
    say,
    tellGap: gaps.tell,
    fail,
  });
  return {
    async [Symbol.asyncDispose]() {
      names[Symbol.dispose]();
      events[Symbol.dispose]();
      await looks[Symbol.asyncDispose]();
      await changing;
      netlink[Symbol.dispose]();
    },
  };
}
