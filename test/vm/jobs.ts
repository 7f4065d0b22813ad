import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { CommandResult } from './machine.js';

/** A script that runs in the guest. */
export interface Job {
  /** Its bash, or what that has exec'ed. */
  pid(): Promise<number>;
  stdout(): string;
  stderr(): string;
  /** The first match of `pattern` in stdout, as soon as there is one. @throws when the job or the time ends first */
  waitFor(pattern: RegExp, timeoutMs?: number): Promise<RegExpMatchArray>;
  /** Signals the process, or with `group` everything it started. */
  signal(name: NodeJS.Signals, group?: boolean): void;
  /** Its end. After `timeoutMs` the whole group gets SIGKILL. @throws at the time-out, with the output so far */
  end(timeoutMs?: number): Promise<CommandResult>;
}

/** The host's end of the agent (guest/agent.mjs lists the messages). */
export interface JobTable {
  /** Kernel release, once the agent is up. */
  readonly ready: Promise<string>;
  start(script: string): Job;
}

interface Message {
  ready?: string;
  id?: number;
  pid?: number;
  stdout?: string;
  stderr?: string;
  code?: number | null;
  signal?: NodeJS.Signals | null;
}

/** Runs scripts over the agent's line; any number at once. */
export function jobs(line: Socket): JobTable {
  const listeners = new Map<number, (message: Message) => void>();
  const send = (message: object) => line.write(`${JSON.stringify(message)}\n`);
  let next = 1;
  const ready = new Promise<string>(resolve => {
    const lines = createInterface({ input: line });
    lines.on('error', () => undefined); // it passes on what the line's own listener sees to
    lines.on('line', text => {
      const message = JSON.parse(text) as Message;
      if (message.ready !== undefined) resolve(message.ready);
      if (message.id !== undefined) listeners.get(message.id)?.(message);
    });
  });
  line.on('close', () => {
    for (const [id, tell] of listeners)
      tell({ id, stderr: 'the test machine has ended\n', code: null, signal: null });
  });
  line.on('error', () => line.destroy());
  return {
    ready,
    start(script) {
      const id = next++;
      const job = follow(script, (signal, group) => send({ id, signal, group }));
      listeners.set(id, message => {
        job.hear(message);
        if (message.code !== undefined) listeners.delete(id);
      });
      send({ id, start: script });
      return job;
    },
  };
}

type Follower = Job & { hear(message: Message): void };

function follow(script: string, signal: Job['signal']): Follower {
  const heard = new EventEmitter<{ message: [] }>().setMaxListeners(0);
  let stdout = '';
  let stderr = '';
  let pid: number | undefined;
  let result: CommandResult | undefined;
  const failed = (why: string) =>
    new Error(`${why}: ${script}\n--- stdout\n${stdout}\n--- stderr\n${stderr}`);

  const until = <T>(look: () => T | undefined | null, timeoutMs: number) =>
    new Promise<T>((resolve, reject) => {
      const settle = (act: () => void) => {
        clearTimeout(timer);
        heard.off('message', check);
        act();
      };
      const check = () => {
        const found = look();
        if (found != null) settle(() => resolve(found));
        else if (result) settle(() => reject(failed(`ended with ${result?.code ?? result?.signal}`)));
      };
      const timer = setTimeout(
        () => settle(() => reject(failed(`nothing after ${timeoutMs} ms`))),
        timeoutMs,
      );
      heard.on('message', check);
      check();
    });

  return {
    hear(message) {
      stdout += message.stdout ?? '';
      stderr += message.stderr ?? '';
      pid ??= message.pid;
      if (message.code !== undefined)
        result = { code: message.code, signal: message.signal ?? null, stdout, stderr };
      heard.emit('message');
    },
    pid: () => until(() => pid, 120_000),
    stdout: () => stdout,
    stderr: () => stderr,
    waitFor: (pattern, timeoutMs = 60_000) => until(() => pattern.exec(stdout), timeoutMs),
    signal,
    end: (timeoutMs = 60_000) =>
      until(() => result, timeoutMs).catch((error: unknown) => {
        signal('SIGKILL', true);
        throw error;
      }),
  };
}
