import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { journalRuns } from '../match/diagnose.js';
import { journalDir } from '../match/nudge.js';
import type { Facts } from './facts.js';

/** Folders of drop-ins, those that win last; the main files come before all of them (journald.conf(5)). */
const FOLDERS = ['/usr/lib', '/usr/local/lib', '/run', '/etc'].map(
  folder => `${folder}/systemd/journald.conf.d`,
);
const MAIN = ['/etc', '/run', '/usr/local/lib', '/usr/lib'].map(folder => `${folder}/systemd/journald.conf`);

/** What journald was told to do, and whether it runs. */
export async function lookAtJournald(): Promise<Facts['journald']> {
  const settings = readSettings(configTexts());
  const value = (key: string, byDefault: string): string => settings.get(key) || byDefault;
  return {
    runs: await journalRuns(),
    storage: value('Storage', 'auto'),
    folder: journalDir() ?? null,
    rateLimit: { interval: value('RateLimitIntervalSec', '30s'), burst: value('RateLimitBurst', '10000') },
    maxLevelStore: value('MaxLevelStore', 'debug'),
    readKMsg: value('ReadKMsg', 'yes'),
  };
}

/** The main file, and then the drop-ins by their name, whatever folder they are in. */
function configTexts(): string[] {
  const main = MAIN.find(existsSync);
  const dropIns = new Map(FOLDERS.flatMap(filesIn).map(path => [basename(path), path]));
  const ordered = [...dropIns].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, path]) => path);
  return [...(main === undefined ? [] : [main]), ...ordered].map(readOr);
}

function filesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter(name => name.endsWith('.conf'))
    .map(name => `${folder}/${name}`);
}

function readOr(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // not for us to see
  }
}

/** Keys and values of systemd's format; a later one wins. */
export function readSettings(texts: readonly string[]): Map<string, string> {
  const lines = texts.flatMap(text => text.split('\n'));
  return new Map(
    lines.flatMap(line => {
      const [, key, value] = /^\s*(\w+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
      return key === undefined ? [] : [[key, value ?? ''] as const];
    }),
  );
}
