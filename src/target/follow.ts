import { openAddresses, type AddressChange } from './addresses.js';
import { lookupName } from './lookup.js';
import type { Network, ResolvedTarget } from './target.js';
import { timeToLive } from './time-to-live.js';

/** What following names needs. */
export interface FollowOptions {
  /** Brings a change into the rules. */
  change(change: AddressChange): Promise<void>;
  /** Told on stderr what a user should know. */
  say(line: string): void;
  /** Told what could not be seen, and so is to be in the summary as well. */
  tellGap(line: string): void;
  /** Hears that a change could not be made. */
  fail(error: unknown): void;
}

/** A name is looked up again when its addresses hold no longer, but within these, in s. `unknown`: where DNS does not tell. */
const PAUSE_S = { shortest: 2, unknown: 5, longest: 60 };

/** Looks the names of targets up again, for as long as it is not disposed of. */
export function followNames(targets: readonly ResolvedTarget[], options: FollowOptions): Disposable {
  const names = new Map<string, { set: string; networks: readonly Network[] }>();
  for (const { host, set, networks } of targets) {
    if (host.kind === 'name' && set !== undefined && networks !== 'any')
      names.set(host.name, { set, networks });
  }
  const followed = [...names].map(([name, { set, networks }]) => followName(name, set, networks, options));
  return {
    [Symbol.dispose]() {
      for (const one of followed) one[Symbol.dispose]();
    },
  };
}

function followName(
  name: string,
  set: string,
  first: readonly Network[],
  { change, say, tellGap, fail }: FollowOptions,
): Disposable {
  const addresses = openAddresses(set, first, performance.now());
  let state: 'as it was' | 'changed' = 'as it was';
  let failing = false;
  let disposed = false;
  let timer: NodeJS.Timeout | undefined;

  function told(error: unknown): undefined {
    if (!failing)
      tellGap(`${name} cannot be looked up any more: its known addresses stay watched (${String(error)})`);
    failing = true;
  }

  async function take(answer: readonly Network[]): Promise<void> {
    if (failing) say(`${name} can be looked up again`);
    failing = false;
    const found = addresses.take(answer, performance.now());
    if (!found || disposed) return;
    await change(found);
    if (state === 'changed' || found.added.length === 0) return;
    state = 'changed';
    const added = found.added.map(({ address }) => address).join(', ');
    say(`${name} has another address now, which is watched, too: ${added}; so will be those that follow`);
  }

  async function look(): Promise<void> {
    const answer = await lookupName(name).catch(told);
    if (answer) await take(answer);
    await wait(failing);
  }

  async function wait(isFailing = false): Promise<void> {
    const ttl = (isFailing ? undefined : await timeToLive(name)) ?? PAUSE_S.unknown;
    const seconds = Math.min(PAUSE_S.longest, Math.max(PAUSE_S.shortest, ttl));
    if (!disposed) timer = setTimeout(() => void look().catch(fail), seconds * 1000).unref();
  }

  wait().catch(fail);
  return {
    [Symbol.dispose]() {
      disposed = true;
      clearTimeout(timer);
    },
  };
}
