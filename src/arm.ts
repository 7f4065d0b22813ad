import { armCalls } from './arm-calls.js';
import { armPackets } from './arm-packets.js';
import type { Settings } from './config/settings.js';
import type { Hold } from './hold/open.js';
import type { Confirmation } from './match/proof.js';
import type { Echo, Source } from './match/source.js';
import { seesCalls } from './match/source.js';
import type { Resolver } from './resolve/resolver.js';
import type { ProcessTable } from './resolve/table.js';
import type { AddressChange } from './target/addresses.js';
import type { ResolvedTarget } from './target/target.js';
import type { Teardown } from './teardown/stack.js';

/** What arming needs. */
export interface ArmOptions {
  instance: string;
  settings: Settings;
  say(line: string): void;
  /** Told what could not be seen or held for a time. */
  tellGap(line: string): void;
  /** Takes what the source brings, before it has been proven; settles when that ends. */
  follow(source: Source): Promise<void>;
  /** Resolves a probe as it would any match; false when it does not name this process. */
  confirm(echo: Echo): Promise<Confirmation>;
  /** Settles when whoever looks for a probe's sender is as quick as it will be for a match. */
  settled: Promise<void>;
  /** Told when what was armed has gone though nobody asked for that. */
  fail(error: unknown): void;
  /** As the process table's, where there is one. */
  originOf: ProcessTable['originOf'];
}

/** A source that has proven itself, and what is held for it. */
export interface Armed {
  source: Source;
  hold: Hold;
  /** From send to resolved match, in ms. */
  sourceLatencyMs: number;
  /** Settles when the source has ended; rejects when it cannot go on. */
  followed: Promise<void>;
  /** Makes other addresses of a host name count. */
  readdress(change: AddressChange): Promise<void>;
}

/**
 * Opens the source that was asked for, and what it needs of the kernel.
 * @throws what the source and its proof throw
 */
export function arm(
  teardown: Teardown,
  targets: readonly ResolvedTarget[],
  options: ArmOptions,
): Promise<Armed> {
  const { source } = options.settings;
  return seesCalls(source)
    ? armCalls(source, teardown, targets, options)
    : armPackets(source, teardown, targets, options);
}

/** Never settles but when `promise` rejects. */
export function rejectionOf(promise: Promise<void>): Promise<never> {
  return new Promise((_, reject) => {
    promise.catch(reject);
  });
}

/** Looks for who sent a probe, as for who sent any packet: it has to be this process. */
export function confirmBy({ resolve }: Pick<Resolver, 'resolve'>): ArmOptions['confirm'] {
  return async ({ match, arrived, caller }) => {
    const resolution = await resolve(match, arrived, caller);
    if (resolution.status === 'unresolved') return resolution.reason;
    return resolution.processes.some(({ pid }) => pid === process.pid) ? 'named' : resolution.grade;
  };
}
