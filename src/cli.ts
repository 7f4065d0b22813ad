#!/usr/bin/env node
import { inspect } from 'node:util';
import { printLines } from './cli/print.js';
import { failure, PtrapError } from './errors.js';
import { isOlder } from './sys/version.js';
import { ownPackage } from './sys/own-package.js';

/** Nothing that a wrong machine could not load is imported before this has passed. */
function requireMachine(): void {
  const needed = ownPackage().engines.node.replace('>=', '');
  if (isOlder(process.versions.node, needed)) {
    throw failure('PTRAP_E_NODE_TOO_OLD', process.versions.node, needed);
  }
  if (process.platform !== 'linux') throw failure('PTRAP_E_NOT_LINUX', process.platform);
}

async function start(): Promise<number> {
  requireMachine();
  const { main } = await import('./cli/main.js');
  return main(process.argv.slice(2));
}

/** A known error is one line; of any other the stack is wanted. */
async function report(error: unknown): Promise<number> {
  const known = error instanceof PtrapError;
  await printLines(process.stderr, [known ? error.message : inspect(error)]);
  return known ? error.exit : 1;
}

start()
  .catch(report)
  .then(
    code => process.exit(code),
    () => process.exit(1),
  );
