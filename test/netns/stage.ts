import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { openNamespace, type Namespace } from './namespace.js';
import { startProgram, type Program, type StartOptions } from './program.js';
import { startShell, type Shell, type ShellOptions } from './shell.js';
import { watchArguments, watchOver, type Watch } from './watch.js';

/** What a file of end-to-end tests plays on. Whatever a test starts ends with it, and must have left nothing. */
export interface Stage {
  readonly namespace: Namespace;
  /** A `ptrap watch` that is ready. */
  watch(args: readonly string[], options?: StartOptions): Promise<Watch>;
  /** Any command line of ptrap. */
  ptrap(args: readonly string[], options?: StartOptions): Program;
  shell(options?: ShellOptions): Shell;
  /** What the machine showed before any test. */
  before(): string;
}

const SENDERS = fileURLToPath(new URL('../senders/', import.meta.url));

/** Servers of the second namespace: they answer on udp 53 and tcp 8080. */
const SERVERS = [
  ['udp-echo.mjs', '53'],
  ['tcp-server.mjs', '8080'],
] as const;

/** Opens the namespaces and the servers around all tests of a file, and checks after each for traces. */
export function useStage(setUp = ''): Stage {
  let namespace: Namespace;
  let before: string;
  const started: { end(signal?: NodeJS.Signals): Promise<unknown> }[] = [];

  beforeAll(async () => {
    namespace = await openNamespace();
    await namespace.must(setUp);
    await Promise.all(SERVERS.map(([file, port]) => serve(namespace, file, port)));
    before = await namespace.snapshot();
  });

  afterEach(async () => {
    for (const one of started.splice(0)) await one.end('SIGTERM');
    expect(await namespace.snapshot()).toBe(before);
  });

  afterAll(async () => {
    await namespace?.[Symbol.asyncDispose]();
  });

  function keep<Started extends (typeof started)[number]>(one: Started): Started {
    started.push(one);
    return one;
  }

  const ptrap: Stage['ptrap'] = (args, options) => keep(startProgram(namespace, args, options));

  return {
    get namespace() {
      return namespace;
    },
    ptrap,
    watch: (args, options) => watchOver(ptrap(watchArguments(args), options)),
    shell: options => keep(startShell(namespace, options)),
    before: () => before,
  };
}

async function serve(namespace: Namespace, file: string, port: string): Promise<void> {
  const child = namespace.spawn(process.execPath, [SENDERS + file, port, '10.77.0.2', 'fd77::2'], {
    far: true,
  });
  await once(child.stdout!, 'data');
}
