import { rejectionOf, type Armed, type ArmOptions } from './arm.js';
import type { Settings } from './config/settings.js';
import { PtrapError } from './errors.js';
import { ifbAlias, ifbName } from './hold/netem.js';
import { openHold } from './hold/open.js';
import { journalRuns } from './match/diagnose.js';
import { openJournal } from './match/journal.js';
import { openNflog } from './match/nflog.js';
import { delayFor, openProbe, proveSource, type Latencies } from './match/proof.js';
import { openQueue, QUEUED_MS } from './match/queue.js';
import type { PacketSource } from './match/source.js';
import { openNft, type NftSession } from './nft/session.js';
import { applyRules, openCounters, type Counters, type RuleSet } from './rules/apply.js';
import { CHAIN, tableName } from './rules/ruleset.js';
import type { ResolvedTarget } from './target/target.js';
import type { Teardown } from './teardown/stack.js';

type Kind = PacketSource['name'];

/** A source that rules bring packets to, and the rules. */
type Brought = Pick<Armed, 'source' | 'followed'> & {
  latencies: Latencies;
  source: PacketSource;
  rules: RuleSet;
};

/** How long a probe may take, in ms: ten times what journald holds news back for at the most; less where there is another way. */
const PATIENCE_MS = { only: 5000, first: 2000 };

/**
 * Opens the source that was asked for, applies the rules that bring packets to it, and the hold. `auto` means the
 * journal where journald runs, and NFLOG where it does not or where the kernel's log does not reach the journal.
 * @throws what the last source and its proof throw, and the hold
 */
export async function armPackets(
  kind: Kind | 'auto',
  teardown: Teardown,
  targets: readonly ResolvedTarget[],
  options: ArmOptions,
): Promise<Armed> {
  const { instance, settings, say, tellGap, fail } = options;
  const nft = await openNft();
  teardown.defer(() => nft[Symbol.asyncDispose]());
  nft.ended.then(fail, fail);
  const { source, rules, latencies, followed } = await bring(kind, nft, teardown, targets, options);
  const hold = await openHold(nft, teardown, targets, source.delivery, {
    strategy: settings.hold,
    hook: settings.holdStrategy,
    delayMs: settings.delay === 'auto' ? delayFor(latencies.latencyMs, latencies.coldMs) : settings.delay,
    instance,
    table: rules.table,
    ifb: ifbName(instance),
    alias: ifbAlias(process.pid, teardown.startTime),
    say,
    tellGap,
  });
  const sourceLatencyMs = latencies.latencyMs;
  return { source, hold, sourceLatencyMs, followed, readdress: rules.readdress };
}

async function bring(
  kind: Kind | 'auto',
  nft: NftSession,
  teardown: Teardown,
  targets: readonly ResolvedTarget[],
  options: ArmOptions,
): Promise<Brought> {
  const { settings, say } = options;
  const [first, second] = await candidates(kind, settings);
  if (!second) return armWith(first, PATIENCE_MS.only, nft, teardown, targets, options);
  try {
    return await teardown.attempt(() => armWith(first, PATIENCE_MS.first, nft, teardown, targets, options));
  } catch (error) {
    if (!(error instanceof PtrapError) || !isSourceAtFault(error)) throw error;
    say(`reading by ${second} instead of ${first} (${error.message})`);
    return armWith(second, PATIENCE_MS.only, nft, teardown, targets, options);
  }
}

/** Whether another source may do: something that this one needs, and not every one, is missing or does not work. */
function isSourceAtFault({ exit, code }: PtrapError): boolean {
  return code === 'PTRAP_E_JOURNALCTL' || (exit === 3 && code !== 'PTRAP_E_LOOPBACK_DOWN');
}

async function candidates(source: Kind | 'auto', { netns }: Settings): Promise<[Kind, Kind?]> {
  if (source !== 'auto') return [source];
  // the kernel's log tells of no other network namespace, unless somebody has allowed it
  return netns === undefined && (await journalRuns()) ? ['journal', 'nflog'] : ['nflog'];
}

async function armWith(
  kind: Kind,
  patienceMs: number,
  nft: NftSession,
  teardown: Teardown,
  targets: readonly ResolvedTarget[],
  { instance, settings, say, tellGap, follow, confirm, settled }: ArmOptions,
): Promise<Brought> {
  const counters = openCounters(teardown, instance);
  const texts = targets.map(({ text }) => text);
  // before the rules, so that it is undone after them
  const source = await openSource(kind, teardown, {
    instance,
    table: tableName(instance),
    chain: CHAIN,
    nft: nft.descriptors,
    targets: texts,
    counters,
    delayMs: settings.delay === 'auto' ? QUEUED_MS : settings.delay,
    say,
    tellGap,
  });
  const followed = follow(source);
  const { newConnections, forwarded, limitPer } = settings;
  const limit = limitPer === 'connection' ? settings.limit : undefined;
  const { delivery } = source;
  const selection = { newConnections, forwarded, limit };
  const rules = await applyRules(nft, teardown, targets, { instance, delivery, ...selection });
  teardown.defer(() => source.letGo?.());
  using probe = await openProbe();
  const removeProbe = await rules.addProbe(probe.address);
  const proven = settled.then(() => proveSource({ source, probe, confirm, patienceMs }));
  const nftEnded = nft.ended.then(error => Promise.reject(error));
  const latencies = await Promise.race([proven, rejectionOf(followed), nftEnded]);
  await removeProbe();
  return { source, rules, latencies, followed };
}

interface SourceOptions {
  instance: string;
  table: string;
  chain: string;
  nft: readonly number[];
  targets: readonly string[];
  counters: Counters;
  delayMs: number;
  say(line: string): void;
  tellGap(line: string): void;
}

function openSource(kind: Kind, teardown: Teardown, options: SourceOptions): Promise<PacketSource> {
  switch (kind) {
    case 'journal':
      return openJournal(teardown, { ...options, nudge: true });
    case 'nflog':
      return openNflog(teardown, options);
    case 'queue':
      return openQueue(teardown, options);
  }
}
