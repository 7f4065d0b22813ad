import { readArguments } from './arguments.js';
import { printLines } from './print.js';

/** Runs one command line and gives the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const invocation = await readArguments(args);
  switch (invocation.command) {
    case 'show':
      await printLines(process.stdout, [invocation.text]);
      return 0;
    case 'watch':
      return (await import('./watch.js')).watchCommand(invocation);
    case 'events':
      return (await import('./events.js')).eventsCommand(invocation);
    case 'doctor':
      return (await import('./doctor.js')).doctorCommand(invocation);
    case 'init':
      return (await import('./init.js')).initCommand(invocation);
    case 'ls':
      return (await import('./ls.js')).lsCommand();
    case 'cleanup':
      return (await import('./cleanup.js')).cleanupCommand(invocation);
  }
}
