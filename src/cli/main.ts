import { readArguments } from './arguments.js';

/** Runs one command line and gives the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const invocation = await readArguments(args);
  switch (invocation.command) {
    case 'show':
      return show(invocation.text);
    case 'watch':
      return (await import('./watch.js')).watchCommand(invocation);
    case 'ls':
      return (await import('./ls.js')).lsCommand();
    case 'cleanup':
      return (await import('./cleanup.js')).cleanupCommand(invocation);
  }
}

/** Resolves when the text has been taken, so that ending the process cuts nothing off. */
function show(text: string): Promise<number> {
  return new Promise(resolve => process.stdout.write(text, () => resolve(0)));
}
