import { mergeSettings } from '../config/merge.js';
import type { Settings } from '../config/settings.js';
import type { Summary } from '../events.js';
import { openOutput, type OpenOutput } from '../report/output.js';
import { unblocked } from '../sys/unblocked.js';
import type { Asked } from './arguments.js';
import { readFlags } from './flags.js';

/** `ptrap watch`: gathers the settings, runs the pipeline or describes it, and gives the exit code. */
export async function watchCommand(asked: Asked<'watch'>): Promise<number> {
  const { flags, configFile } = readFlags(asked);
  const settings = await mergeSettings(flags, await findConfig(configFile), process.cwd());
  const inside = settings.netns === undefined ? undefined : await runIn(settings.netns);
  if (inside !== undefined) return inside;
  return settings.dryRun ? dryRun(settings) : watch(settings);
}

/** The exit code of the ptrap that did the work in another network namespace; undefined where we are there. */
async function runIn(netns: string): Promise<number | undefined> {
  const [{ findNetns }, { endWithOutside, isInside, runInside }] = await Promise.all([
    import('../netns/find.js'),
    import('../netns/enter.js'),
  ]);
  const path = await findNetns(netns);
  if (!isInside(path)) {
    const { requireEntry } = await import('../sys/requirements.js');
    await requireEntry();
    return runInside(path);
  }
  endWithOutside();
  return undefined;
}

async function findConfig(file: string | false | undefined) {
  if (file === false) return undefined;
  const { loadConfig } = await import('../config/load.js');
  return loadConfig(file);
}

async function dryRun(settings: Settings): Promise<number> {
  const { describe } = await import('../dry-run.js');
  const output = openOutput('pretty', streams());
  output.print(await describe(settings));
  await output.finish();
  return 0;
}

async function watch(settings: Settings): Promise<number> {
  const output = await outputOf(settings.output);
  try {
    const [{ requireMachine }, { run }, { traceCommands }] = await Promise.all([
      import('../sys/requirements.js'),
      import('../run.js'),
      import('../sys/exec.js'),
    ]);
    if (settings.verbose) traceCommands(line => output.say(line));
    await requireMachine(settings);
    return exitCode(settings, await run(settings, output));
  } finally {
    await output.finish();
  }
}

/** A table needs a terminal that can place its cursor, and keys; where there is none, it is as `pretty`. */
async function outputOf(mode: Settings['output']): Promise<OpenOutput> {
  if (mode !== 'live') return openOutput(mode, streams());
  const { stdin, stdout } = process;
  if (!stdout.isTTY || !stdin.isTTY || process.env.TERM === 'dumb') return openOutput('pretty', streams());
  const { openLive } = await import('../report/live/live.js');
  return openLive({ ...streams(), stdin });
}

function streams() {
  return { stdout: unblocked(process.stdout), stderr: unblocked(process.stderr) };
}

function exitCode({ failOnMatch }: Settings, { reason, resolved, unresolved }: Summary): number {
  if (reason === 'error') return 1;
  return failOnMatch && resolved + unresolved > 0 ? 10 : 0;
}
