import { definePlugin, visible, type ProcessInfo, type Sighting } from 'ptrap';
import { z } from 'zod';
import { culpritOf, isChosen, protection } from './choice.js';
import { openGuard, type Guard } from './guard.js';
import { statOf } from './process.js';

const NAME = 'freeze';

const names = z.array(z.string().min(1));

const schema = z.strictObject({
  /** Only these programs: paths, or the last parts of paths. Default: any. */
  exe: names.min(1).optional(),
  /** Only processes of which this says true. */
  match: z
    .custom<(process: ProcessInfo, sighting: Sighting) => boolean>(
      value => typeof value === 'function',
      'not a function',
    )
    .optional(),
  /** Programs that are not stopped, beside those that never are. */
  never: names.default([]),
  /** Most processes that are stopped. Default 10. */
  max: z.int().min(1).max(1000).default(10),
  /** They stay stopped when ptrap ends. Default false. */
  keep: z.boolean().default(false),
});

export type Options = z.input<typeof schema>;

/** What it notes for a sighting whose process it has stopped. */
export interface Note {
  pid: number;
  startTime: number;
  text: string;
}

/**
 * Stops a process (SIGSTOP) when it is first seen, while its packet is held, so that one may look into it; when ptrap
 * ends, by whatever means, it goes on. Stopped is only who is certainly the sender, and alone; never PID 1, ptrap, what
 * started it or it has started, kernel threads, and what a machine does not run without.
 */
export const freeze = definePlugin((options: Options = {}) => {
  const { max, keep, ...choice } = schema.parse(options);
  return {
    name: NAME,
    async apply(trap) {
      const guard = keep ? undefined : await openGuard();
      const seen = new Set<string>();
      let count = 0;

      const stop = (sighting: Sighting): Note | undefined => {
        const culprit = culpritOf(sighting);
        if (!culprit || seen.has(keyOf(culprit)) || !isChosen(culprit, sighting, choice)) return undefined;
        seen.add(keyOf(culprit));
        const { pid, startTime, comm } = culprit;
        const name = `${visible(comm)}[${pid}]`;
        const spared = protection(culprit, choice.never);
        if (spared !== undefined) trap.log(`${name} is not stopped: ${spared}`);
        else if (count === max) trap.log(`${name} is not stopped: ${max} are, the most that were asked for`);
        else {
          const problem = stopProcess(culprit, guard);
          if (problem === undefined) {
            count += 1;
            const end = keep ? '' : ', or when ptrap ends';
            trap.log(`${name} is stopped. Look into it: ls -l /proc/${pid}/fd; gdb -p ${pid}`);
            return { pid, startTime, text: `stopped; it goes on with \`kill -CONT ${pid}\`${end}` };
          }
          trap.log(`${name} is not stopped: ${problem}`);
        }
        return undefined;
      };

      trap.hooks.enrich.tap(NAME, sighting => {
        const note = stop(sighting);
        return note ? { ...sighting, notes: { ...sighting.notes, [NAME]: note } } : sighting;
      });
      return { [Symbol.asyncDispose]: async () => guard?.release() };
    },
  };
});

function keyOf({ pid, startTime }: ProcessInfo): string {
  return `${pid}:${startTime}`;
}

/** Stops a process if it is still the one that was seen; what was wrong otherwise. */
function stopProcess({ pid, startTime }: ProcessInfo, guard: Guard | undefined): string | undefined {
  const stat = statOf(pid);
  if (stat?.startTime !== startTime) return 'it has ended';
  if (/^[Tt]$/.test(stat.state)) return 'it is stopped already';
  guard?.note({ pid, startTime });
  if (statOf(pid)?.startTime !== startTime) return 'it has ended';
  try {
    process.kill(pid, 'SIGSTOP');
  } catch (error) {
    return (error as Error).message;
  }
  if (statOf(pid)?.startTime === startTime) return undefined;
  process.kill(pid, 'SIGCONT'); // it ended in that very moment, and its pid may be another's
  return 'it has ended';
}
