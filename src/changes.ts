import type { Gaps } from './gaps.js';
import type { RuleSet } from './rules/apply.js';
import { followNames } from './target/follow.js';
import type { ResolvedTarget } from './target/target.js';
import type { Teardown } from './teardown/stack.js';

/** What it takes to keep up. */
export interface ChangesOptions {
  targets: readonly ResolvedTarget[];
  rules: Pick<RuleSet, 'readdress'>;
  gaps: Gaps;
  say(line: string): void;
  fail(error: unknown): void;
}

/** Keeps up with a world that changes while ptrap runs: host names that get other addresses. */
export function followChanges(teardown: Teardown, { targets, rules, gaps, say, fail }: ChangesOptions): void {
  const names = followNames(targets, { change: rules.readdress, say, tellGap: gaps.tell, fail });
  teardown.defer(() => names[Symbol.dispose]());
}
