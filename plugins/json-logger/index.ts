import { definePlugin } from 'ptrap';
import { z } from 'zod';
import { openLog } from './log.js';

const NAME = 'json-logger';

const schema = z.strictObject({
  /** The file that is appended to; made with mode 0600 where there is none. */
  file: z.string().min(1),
});

export type Options = z.input<typeof schema>;

/** Appends every sighting and the summary to a file, one JSON object a line. Reopens the file on SIGHUP. */
export const jsonLogger = definePlugin((options: Options) => {
  const { file } = schema.parse(options);
  return {
    name: NAME,
    limits: { concurrency: 1, queue: 1000 },
    async apply(trap) {
      const log = await openLog(file, text => trap.log(text));
      const reopen = () => {
        log.reopen().catch((error: Error) => trap.log(`not reopened: ${error.message}`));
      };
      process.on('SIGHUP', reopen);
      trap.hooks.report.tapPromise(NAME, sighting => log.append(sighting));
      trap.hooks.done.tapPromise(NAME, summary => log.append(summary));
      return {
        async [Symbol.asyncDispose]() {
          process.off('SIGHUP', reopen);
          await log.close();
        },
      };
    },
  };
});
