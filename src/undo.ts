import { unlink } from 'node:fs/promises';
import { removeClsact } from './hold/clsact.js';
import { freeHeld } from './hold/held.js';
import { removeIfb } from './hold/ifb.js';
import { restoreRoot } from './hold/restore.js';
import { tearDownAudit } from './match/audit/set-up.js';
import { tableGone } from './nft/gone.js';
import { cleanUp, listInstances, type Undo } from './teardown/recover.js';

/** How another process takes away what a dead instance left. */
export const undo: Undo = {
  table: ({ family, name }) => tableGone(family, name),
  link: ({ name, alias }) => removeIfb(name, alias),
  clsact: removeClsact,
  audit: tearDownAudit,
  root: ({ device, snapshot }) => restoreRoot(device, snapshot),
  held: freeHeld,
  file: ({ path }) =>
    unlink(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    }),
};

/** Takes away what instances that were killed have left, and says so. */
export async function sweep(say: (line: string) => void): Promise<void> {
  for (const { instance, undone, failed } of await cleanUp(await listInstances(), undo)) {
    say(
      `instance ${instance} was killed: took away its ${undone.map(({ kind }) => kind).join(', ') || 'record'}`,
    );
    for (const { effect, error } of failed) say(`cannot take away its ${effect.kind}: ${String(error)}`);
  }
}
