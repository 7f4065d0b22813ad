import { definePlugin, findUser, type ProcessInfo } from 'ptrap';
import { z } from 'zod';
import { environmentOf } from './environment.js';
import { runCommand } from './run.js';
import { asOurselves, asUser } from './shell.js';

const NAME = 'exec';

const schema = z.strictObject({
  /** A command line for sh; the process's PID is appended as the last argument. */
  command: z.string().trim().min(1),
  /** How long it may run, in ms; then its process group is killed. Default 30000. */
  timeoutMs: z.int().min(1).default(30_000),
  /** A user's name or uid: it runs as that user, with nothing of ptrap's environment, groups and privileges. */
  user: z.string().min(1).optional(),
});

/** Commands that run at once for one sighting: so many processes may hold a socket together. */
const AT_ONCE = 4;

export type Options = z.input<typeof schema>;

/**
 * Runs the user's command for each process of a sighting, with PTRAP_* in its environment.
 * @throws PTRAP_E_USER when there is no such user
 */
export const exec = definePlugin((options: Options) => {
  const { command, timeoutMs, user } = schema.parse(options);
  const shell = user === undefined ? asOurselves() : asUser(findUser(user));
  return {
    name: NAME,
    limits: { timeoutMs },
    apply(trap) {
      trap.hooks.report.tapPromise(NAME, async (sighting, { signal }) => {
        const { resolution } = sighting;
        const processes = resolution.status === 'resolved' ? resolution.processes : [];
        const run = async (process: ProcessInfo): Promise<void> => {
          const told = environmentOf(sighting, process);
          const { output, ending } = await runCommand(shell, command, process.pid, told, signal);
          if (output !== '') trap.print(output);
          if (ending !== undefined) trap.log(`\`${command}\` for PID ${process.pid} ended with ${ending}`);
        };
        for (let at = 0; at < processes.length && !signal.aborted; at += AT_ONCE)
          await Promise.all(processes.slice(at, at + AT_ONCE).map(run));
      });
    },
  };
});
