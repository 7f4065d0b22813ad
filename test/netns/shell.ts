import { once } from 'node:events';
import type { Namespace, Placing } from './namespace.js';

/** A bash that does what it is told, line by line, and lives until it is ended: a sender that never leaves too soon. */
export interface Shell {
  readonly pid: number;
  /** Runs a command in the shell itself and gives what it printed; rejects when it failed. */
  do(command: string): Promise<string>;
  end(): Promise<void>;
}

const LOOP = 'while IFS= read -r line; do eval "$line"; echo "<ended $?>"; done';

/** Starts one in the namespace; `file` may be bash by another name. */
export function startShell(namespace: Namespace, { file = 'bash', ...placing }: ShellOptions = {}): Shell {
  const child = namespace.spawn(file, ['-c', LOOP], placing);
  const exit = once(child, 'exit');
  let text = '';
  let heard = (): void => undefined;
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
      heard();
    });
  }
  return {
    pid: child.pid!,
    do(command) {
      text = '';
      child.stdin!.write(`${command}\n`);
      return new Promise((resolve, reject) => {
        exit.then(() => reject(new Error(`the shell ended: ${text}`)), reject);
        heard = () => {
          const [mark, code] = /<ended (\d+)>\n$/.exec(text) ?? [];
          if (mark === undefined) return;
          const said = text.slice(0, -mark.length);
          if (code === '0') resolve(said);
          else reject(new Error(`${command}: ${code} ${said}`));
        };
      });
    },
    async end() {
      child.stdin!.end();
      await exit;
    },
  };
}

/** Which shell, and where. */
export interface ShellOptions extends Placing {
  file?: string;
}
