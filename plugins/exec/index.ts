import { definePlugin, findUser, jsonLine, type ProcessInfo, type Sighting } from 'ptrap';
import { z } from 'zod';
import { environmentOf } from './environment.js';
import { commandLine, program, runCommand, type Command } from './run.js';
import { asOurselves, asUser } from './shell.js';
import { fillTemplate, templateProblem } from './template.js';

const NAME = 'exec';

const words = z
  .array(z.string())
  .min(1)
  .check(({ value, issues }) => {
    const message = value[0] === '' ? 'the program has no name' : templateProblem(value);
    if (message !== undefined) issues.push({ code: 'custom', message, input: value });
  });

const schema = z.strictObject({
  /**
   * A command line for sh, to which the process's PID is appended as the last argument; or a program and its arguments,
   * with placeholders such as `{comm}` and `{dst}` in them, and the sighting as JSON on its stdin.
   */
  command: z.union([z.string().trim().min(1), words]),
  /** How long it may run, in ms; then its process group is killed. Default 30000. */
  timeoutMs: z.int().min(1).default(30_000),
  /** Sightings whose commands run at once. Default 4. */
  concurrency: z.int().min(1).max(100).default(4),
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
  const { command, timeoutMs, concurrency, user } = schema.parse(options);
  const name = typeof command === 'string' ? command : command.join(' ');
  const shell = user === undefined ? asOurselves() : asUser(findUser(user));
  return {
    name: NAME,
    limits: { timeoutMs, concurrency },
    apply(trap) {
      trap.hooks.report.tapPromise(NAME, async (sighting, { signal }) => {
        const { resolution } = sighting;
        const processes = resolution.status === 'resolved' ? resolution.processes : [];
        const run = async (process: ProcessInfo): Promise<void> => {
          const told = environmentOf(sighting, process);
          const { output, ending } = await runCommand(
            shell,
            commandOf(command, sighting, process),
            told,
            signal,
          );
          if (output !== '') trap.print(output);
          if (ending !== undefined) trap.log(`\`${name}\` for PID ${process.pid} ended with ${ending}`);
        };
        for (let at = 0; at < processes.length && !signal.aborted; at += AT_ONCE)
          await Promise.all(processes.slice(at, at + AT_ONCE).map(run));
      });
    },
  };
});

function commandOf(command: string | readonly string[], sighting: Sighting, process: ProcessInfo): Command {
  if (typeof command === 'string') return commandLine(command, process.pid);
  return program(fillTemplate(command, sighting, process), jsonLine(sighting));
}
