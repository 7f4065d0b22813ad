import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, expect } from 'vitest';
import type { Namespace } from './namespace.js';

/** The built program, as a shell calls it. */
export const PTRAP = `${process.execPath} ${fileURLToPath(new URL('../../dist/src/cli.js', import.meta.url))}`;

/** How long something that is waited for may take, in ms, and how often it is looked for. */
const PATIENCE_MS = 20_000;
const LOOK_MS = 50;

/** A bash on a terminal of tmux's, in a namespace. */
export interface Pane {
  /** Types a line into the shell. */
  type(line: string): Promise<void>;
  /** Presses keys, by tmux's names of them. */
  press(...keys: string[]): Promise<void>;
  /** What is on the screen. */
  text(): Promise<string>;
  /** The same with its colours and other looks. */
  looks(): Promise<string>;
  /** Waits until the screen has a match; rejects with what it has instead. */
  until(pattern: RegExp): Promise<string>;
  /** Resolves once the terminal has that size: tmux takes its time to tell it. */
  resize(columns: number, rows: number): Promise<void>;
}

/** A tmux server of a test's own, which ends with it. */
export interface Tmux {
  open(environment?: Record<string, string>): Promise<Pane>;
}

/** Starts none yet: the first pane does. Each has 80 columns and 24 rows. To be called after `useStage`. */
export function useTmux(namespace: () => Namespace): Tmux {
  const socket = `ptrap-test-${process.pid}`;
  let panes = 0;
  afterEach(async () => {
    if (panes > 0) await namespace().run(`tmux -L ${socket} kill-server`);
    panes = 0;
  });
  const tmux = (args: string) => namespace().must(`tmux -L ${socket} -f /dev/null ${args}`);

  return {
    async open(environment = {}) {
      const name = `pane${(panes += 1)}`;
      const set = Object.entries({ PS1: '$ ', ...environment }).map(([key, value]) => `${key}='${value}'`);
      // a variable that only the outer shell has is none of a user's terminal
      const clear = ['NO_COLOR', 'FORCE_COLOR', 'CI'].map(key => `-u ${key}`).join(' ');
      const shell = `env ${clear} ${set.join(' ')} bash --norc --noprofile`;
      await tmux(`new-session -d -s ${name} -x 80 -y 24 "${shell}"`);
      const capture = (option = '') => tmux(`capture-pane -p ${option} -t ${name}`);
      const pane: Pane = {
        async type(line) {
          const command = line.replaceAll("'", `'\\''`);
          await tmux(`send-keys -t ${name} -l '${command}'`);
          await pane.press('Enter');
        },
        press: async (...keys) => void (await tmux(`send-keys -t ${name} ${keys.join(' ')}`)),
        text: () => capture(),
        looks: () => capture('-e'),
        async until(pattern) {
          const end = performance.now() + PATIENCE_MS;
          let text = await capture();
          while (!pattern.test(text)) {
            if (performance.now() > end) throw new Error(`no ${String(pattern)} in:\n${text}`);
            await sleep(LOOK_MS);
            text = await capture();
          }
          return text;
        },
        async resize(columns, rows) {
          await tmux(`resize-window -t ${name} -x ${columns} -y ${rows}`);
          const terminal = (await tmux(`display-message -p -t ${name} '#{pane_tty}'`)).trim();
          await expect
            .poll(() => namespace().must(`stty size <${terminal}`), {
              timeout: PATIENCE_MS,
              interval: LOOK_MS,
            })
            .toBe(`${rows} ${columns}\n`);
        },
      };
      return pane;
    },
  };
}
