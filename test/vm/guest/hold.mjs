// hold.mjs STRATEGY DELAY TARGET…: the hold of a ptrap, without all that comes before and after; prints "held ID" and
// waits to be killed.
import { holdWithNetem, ifbAlias, ifbName } from '../../../dist/src/hold/netem.js';
import { openNft } from '../../../dist/src/nft/session.js';
import { tableName } from '../../../dist/src/rules/ruleset.js';
import { newInstance } from '../../../dist/src/run.js';
import { lookupTargets } from '../../../dist/src/target/lookup.js';
import { parseTarget } from '../../../dist/src/target/parse.js';
import { openTeardown } from '../../../dist/src/teardown/stack.js';

const [hook, delay, ...texts] = process.argv.slice(2);
const instance = newInstance();
const teardown = await openTeardown(instance, texts);
const nft = await openNft();
await holdWithNetem(nft, teardown, await lookupTargets(texts.map(parseTarget)), {
  instance,
  table: tableName(instance),
  ifb: ifbName(instance),
  alias: ifbAlias(process.pid, teardown.startTime),
  delayMs: Number(delay),
  hook,
  say: line => console.error(line),
  tellGap: line => console.error(line),
});
console.log(`held ${instance}`);
setInterval(() => undefined, 60_000);
