import { definePlugin } from 'ptrap';
import { z } from 'zod';
import { openDelivery } from './delivery.js';
import { encode } from './encode.js';
import { entryOf } from './fields.js';

const NAME = 'journal';

/** Of syslog(3), in their order: what is written is the number. */
const priorities = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug'] as const;

const schema = z.strictObject({
  /** How urgent each entry is, as journalctl's --priority takes it. Default info. */
  priority: z.enum(priorities).default('info'),
  /** Where journald listens; another one for a log namespace. Default /run/systemd/journal/socket. */
  socket: z.string().startsWith('/').max(107).default('/run/systemd/journal/socket'),
});

export type Options = z.input<typeof schema>;

/**
 * Writes each sighting to the systemd journal as an entry with fields of its own (docs/journal.md), so that
 * `journalctl PTRAP_DST=192.168.1.1` answers. Without journald it says so once, and goes on trying.
 */
export const journal = definePlugin((options: Options = {}) => {
  const { priority, socket } = schema.parse(options);
  return {
    name: NAME,
    limits: { concurrency: 1, queue: 1000 },
    async apply(trap) {
      const delivery = await openDelivery(socket, text => trap.log(text));
      trap.hooks.report.tapPromise(NAME, sighting =>
        delivery.send(encode(entryOf(sighting, priorities.indexOf(priority)))),
      );
      return {
        [Symbol.asyncDispose]() {
          delivery[Symbol.dispose]();
          return Promise.resolve();
        },
      };
    },
  };
});
