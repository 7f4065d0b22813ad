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
    throw failure('PTRAP_E_NODE_TOO_OLD', process.versions.node, process.execPath, needed);
  }
  if (process.platform !== 'linux') throw failure('PTRAP_E_NOT_LINUX', process.platform);
}

async function start(): Promise<number> {
  requireMachine();
  const { main } = await import('./cli/main.js');
  return main(process.argv.slice(2));
}

/** A known error is one line; of any other the stack is wanted. The first one decides the exit code. */
async function report(error: unknown): Promise<number> {
  const parts = partsOf(error);
  await printLines(
    process.stderr,
    parts.map(part => (part instanceof PtrapError ? part.message : inspect(part))),
  );
  return parts[0] instanceof PtrapError ? parts[0].exit : 1;
}

/** What went wrong in the work and then in its teardown comes as one: `await using` makes a SuppressedError of them. */
function partsOf(error: unknown): unknown[] {
  if (error instanceof AggregateError) return error.errors.flatMap(partsOf);
  if (error instanceof Error && 'suppressed' in error && 'error' in error) {
    return [...partsOf(error.suppressed), ...partsOf(error.error)];
  }
  return [error];
}

start()
  .catch(report)
  .then(
    code => process.exit(code),
    () => process.exit(1),
  );
