// hold.mjs STRATEGY DELAY TARGET…: the hold of a ptrap, without all that comes before and after; prints "held ID" and
// waits to be killed.
import { holdWithNetem, ifbAlias, ifbName } from '../../../build/src/hold/netem.js';
import { openNft } from '../../../build/src/nft/session.js';
import { tableName } from '../../../build/src/rules/ruleset.js';
import { newInstance } from '../../../build/src/run.js';
import { lookupTargets } from '../../../build/src/target/lookup.js';
import { parseTarget } from '../../../build/src/target/parse.js';
import { openTeardown } from '../../../build/src/teardown/stack.js';

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
