import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { failure } from '../../errors.js';
import { missing, start, type Child } from '../../sys/exec.js';

/** What a running program tells. */
export interface TracerListener {
  /** A line that it has printed. */
  onLine(line: string): void;
  /** So many lines could not be kept until bpftrace read them. */
  onLost(count: number): void;
  /** It has ended, once it was up, though nobody asked for that. */
  onEnd(error: Error): void;
}

/** A program in the kernel, and the bpftrace that it ends with. */
export interface Tracer {
  /** Settles when all its probes are in place. @throws PTRAP_E_BPF with bpftrace's own words */
  readonly up: Promise<void>;
  /** Ends it, and settles when all that it had to tell has been told. */
  close(): Promise<void>;
}

/** More connections and bursts than bpftrace keeps by itself: map keys, and pages for each processor. Both spellings. */
const ROOM = ['BPFTRACE_MAP_KEYS_MAX=65536', 'BPFTRACE_MAX_MAP_KEYS=65536', 'BPFTRACE_PERF_RB_PAGES=256'];

/** bpftrace starts it once all probes are in place, and ends with it: it ends with us, at end-of-file. */
const COMMAND = '/usr/bin/cat';
const UP = 'up';

/** How long bpftrace may take to end by itself, in ms. */
const PATIENCE_MS = 5000;

/** Has bpftrace run a program, until it is closed or this process is gone. */
export function startTracer(program: string, { onLine, onLost, onEnd }: TracerListener): Tracer {
  const bpftrace = ['bpftrace', '-f', 'json', '-B', 'line', '-e', program, '-c', COMMAND];
  const child = start('setpriv', ['--pdeathsig', 'KILL', 'env', ...ROOM, ...bpftrace]);
  child.stdin.on('error', () => undefined); // it has ended: `exit` tells
  child.stdin.write(`${UP}\n`);
  const said = lastWords(child);
  let [isClosing, wasUp] = [false, false];
  let isUp: () => void;
  let isNot: (error: Error) => void;
  const up = new Promise<void>((resolve, reject) => ([isUp, isNot] = [resolve, reject]));
  up.catch(() => undefined); // whoever waits for it hears of it

  createInterface({ input: child.stdout }).on('line', line => {
    if (line === UP) {
      wasUp = true;
      return isUp();
    }
    const record = parse(line);
    if (record?.type === 'printf') onLine(String(record.data).trimEnd());
    if (record?.type === 'lost_events') onLost(Number((record.data as { events?: unknown }).events) || 0);
  });
  const closed = once(child, 'close').then(
    () => {
      isNot(failure('PTRAP_E_BPF', said()));
      if (wasUp && !isClosing) onEnd(failure('PTRAP_E_SOURCE_ENDED'));
    },
    () => isNot(missing('setpriv')),
  );

  return {
    up,
    async close() {
      isClosing = true;
      child.stdin.end();
      const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
      await closed;
      clearTimeout(timer);
    },
  };
}

function parse(line: string): { type?: unknown; data?: unknown } | undefined {
  try {
    return JSON.parse(line) as { type?: unknown };
  } catch {
    return undefined; // a warning, or an empty line
  }
}

/** The first line of its stderr that says what is wrong. */
function lastWords(child: Child): () => string {
  let text = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    text = (text + chunk).slice(0, 4000);
  });
  return () => {
    const errors = text.split('\n').filter(line => line.includes('ERROR') && !line.includes('MEMLOCK'));
    return (errors[0] ?? text.trim().split('\n').at(-1) ?? '').replace(/^.*?ERROR: /, '') || 'it ended';
  };
}
