import { randomInt } from 'node:crypto';
import { arm, confirmBy } from './arm.js';
import { followChanges } from './changes.js';
import type { Settings } from './config/settings.js';
import type { Summary } from './events.js';
import { openGaps } from './gaps.js';
import type { Output } from './report/output.js';
import { comesAtOnce, seesCalls } from './match/source.js';
import { openReporting } from './reporting.js';
import { openCgroups } from './resolve/cgroups.js';
import { openRehearsal } from './resolve/rehearsal.js';
import { openResolver } from './resolve/resolver.js';
import { openProcessTable } from './resolve/table.js';
import { lookupTargets } from './target/lookup.js';
import { parseTarget } from './target/parse.js';
import { openCgroupIds } from './rules/cgroup-ids.js';
import { openTeardown } from './teardown/stack.js';
import { openStop } from './teardown/stop.js';
import { sweep } from './undo.js';

/** A name for one run: six characters, so that `ptrap` and the name fit into a link's 15. */
export function newInstance(): string {
  return randomInt(36 ** 5, 36 ** 6).toString(36);
}

/**
 * The whole line: target, rules, hold, match, resolve, report, teardown. Settles when everything is undone.
 * @throws PtrapError of any stage, after teardown
 */
export async function run(settings: Settings, output: Output): Promise<Summary> {
  const { say } = output;
  using stop = openStop(output.closed);
  const targets = await lookupTargets(settings.targets.map(parseTarget));
  const texts = targets.map(({ text }) => text);
  await sweep(say);

  const instance = newInstance();
  await using teardown = await openTeardown(instance, texts);
  const cgroups = openCgroups('/proc');
  const table = settings.processTable
    ? openProcessTable({ say, onCgroup: cgroups.learn, readsAtOnce: seesCalls(settings.source) })
    : undefined;
  teardown.defer(() => table?.[Symbol.dispose]());

  const plain = openResolver({ table, cgroups, cgroupIdOf: openCgroupIds(teardown, instance) });
  const rehearsal = table && openRehearsal(plain, table);
  const resolver = rehearsal ?? plain;
  teardown.defer(() => resolver[Symbol.dispose]());
  const gaps = openGaps(say);
  const reporting = await openReporting(teardown, { instance, settings, output, resolver, stop, gaps });

  const { source, hold, sourceLatencyMs, followed, readdress } = await stop.orFail(
    arm(teardown, targets, {
      instance,
      settings,
      say,
      tellGap: gaps.tell,
      follow: ({ matches }) => reporting.follow(matches),
      confirm: confirmBy(resolver),
      settled: table?.settled ?? Promise.resolve(),
      fail: stop.fail,
      originOf: caller => table?.originOf(caller),
    }),
  );
  followed.catch(stop.fail);
  if (comesAtOnce(source.name)) rehearsal?.begin();

  await using _changes = followChanges({
    targets,
    readdress,
    hold: hold.follower,
    gaps,
    say,
    fail: stop.fail,
  });
  await reporting.begin({
    schema: 1,
    type: 'ready',
    instance,
    pid: process.pid,
    targets: texts,
    source: source.name,
    hold: hold.told,
    sourceLatencyMs,
  });
  const reason = await stop.asked;
  await source.letGo?.();
  const summary = await reporting.end(reason, await source.settle());
  stop.rethrow();
  return summary;
}
