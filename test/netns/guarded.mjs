// Stands in for a ptrap that holds packets, on a kernel without netem: everything of it is real but for the qdisc, tbf,
// which lets through about ten packets a second. Ends in order when its stdin does.
import { once } from 'node:events';
import { execFileSync } from 'node:child_process';
import { buildEgress } from '../../build/src/hold/egress.js';
import { ifbCommands, removeIfb } from '../../build/src/hold/ifb.js';
import { ifbAlias } from '../../build/src/hold/netem.js';
import { openNft } from '../../build/src/nft/session.js';
import { lookupTargets } from '../../build/src/target/lookup.js';
import { parseTarget } from '../../build/src/target/parse.js';
import { openGuard } from '../../build/src/teardown/guard.js';
import { openTeardown } from '../../build/src/teardown/stack.js';

const [instance, target] = process.argv.slice(2);
const [table, ifb] = [`ptrap_${instance}`, `ptrap${instance}`];
const targets = await lookupTargets([parseTarget(target)]);
const teardown = await openTeardown(instance, [target]);
const nft = await openNft();
teardown.defer(() => nft[Symbol.asyncDispose]());
const guard = await openGuard(instance);
const alias = ifbAlias(process.pid, teardown.startTime);
await teardown.make(
  { kind: 'link', name: ifb, alias },
  async () => {
    for (const [file, ...args] of ifbCommands(ifb, alias, 1)) {
      if (file === 'modprobe') continue;
      const tbf = args.map(word => (word === 'netem' ? 'tbf' : word));
      const end = tbf.indexOf('tbf') + 1;
      execFileSync(
        file,
        end > 0 ? [...tbf.slice(0, end), ...'rate 4kbit burst 100 limit 100000'.split(' ')] : args,
      );
    }
  },
  async () => {
    await removeIfb(ifb, alias);
    guard.dismiss();
  },
);
await teardown.make(
  { kind: 'table', family: 'netdev', name: table },
  () => nft.transaction(buildEgress(table, ifb, ['wan'], targets, 1)),
  () => nft.deleteTable('netdev', table),
);
console.log('armed');
process.stdin.resume();
await once(process.stdin, 'end');
await teardown[Symbol.asyncDispose]();
process.exit();
