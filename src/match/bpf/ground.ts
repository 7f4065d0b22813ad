import { access, readFile } from 'node:fs/promises';
import { failure } from '../../errors.js';
import type { Via } from './program.js';

/** What the kernel offers to programs that look at it. */
export interface Ground {
  /** The ways that may work, the best first. */
  ways: Via[];
  has(name: string): boolean;
}

const TRACEFS = ['/sys/kernel/tracing', '/sys/kernel/debug/tracing'];

/**
 * Looks what there is.
 * @throws PTRAP_E_BTF_MISSING, PTRAP_E_LOCKDOWN, PTRAP_E_TRACEFS_MISSING
 */
export async function surveyGround(): Promise<Ground> {
  if (!(await isThere('/sys/kernel/btf/vmlinux'))) throw failure('PTRAP_E_BTF_MISSING');
  const lockdown = await readFile('/sys/kernel/security/lockdown', 'utf8').catch(() => '');
  if (lockdown.includes('[confidentiality]')) throw failure('PTRAP_E_LOCKDOWN', 'confidentiality');
  const tracefs = await firstThere(TRACEFS, 'README');
  if (tracefs === undefined) throw failure('PTRAP_E_TRACEFS_MISSING');
  const functions = await namesIn(`${tracefs}/available_filter_functions`);
  const hasKprobes = await isThere(`${tracefs}/kprobe_events`);
  return {
    ways: [
      ...(functions ? (['fentry'] as const) : []),
      ...(hasKprobes ? (['kprobe'] as const) : []),
      'tracepoint',
    ],
    has: name => functions?.has(name) ?? true,
  };
}

/** Undefined where it cannot be read. */
async function namesIn(path: string): Promise<Set<string> | undefined> {
  const text = await readFile(path, 'latin1').catch(() => undefined);
  return text === undefined ? undefined : new Set(text.split('\n').map(line => line.split(' ', 1)[0]!));
}

async function firstThere(folders: readonly string[], file: string): Promise<string | undefined> {
  for (const folder of folders) if (await isThere(`${folder}/${file}`)) return folder;
  return undefined;
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
