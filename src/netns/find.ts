import { existsSync, readdirSync, readFileSync, statfsSync } from 'node:fs';
import { failure } from '../errors.js';
import { ask } from '../sys/exec.js';
import { nearest } from '../sys/nearest.js';
import { parseCgroup, placeOf } from '../sys/cgroup.js';
import { isContainer, parseNetnsName } from './name.js';

/** Where ip-netns(8) keeps the namespaces that have a name. */
const NAMED = '/run/netns';
/** The file system of namespaces (linux/magic.h, NSFS_MAGIC): nothing else of what a path may lead to is opened. */
const NSFS = 0x6e736673;
/** How each engine tells the pid of a container's first process. */
const ENGINES = [
  ['podman', 'inspect', '--format', '{{.State.Pid}}', '--type', 'container'],
  ['docker', 'inspect', '--format', '{{.State.Pid}}', '--type', 'container'],
  ['machinectl', 'show', '--property', 'Leader', '--value'],
  ['lxc-info', '-p', '-H', '-n'],
] as const;

/**
 * The path of a network namespace: of a path, a pid, a name of ip-netns(8), or the id or name of a container.
 * @throws PTRAP_E_NETNS when there is none of that name
 */
export async function findNetns(text: string): Promise<string> {
  const path = await pathOf(text);
  if (path !== undefined && isNamespace(path)) return path;
  throw failure('PTRAP_E_NETNS', text, nearest(text, names()));
}

async function pathOf(text: string): Promise<string | undefined> {
  const read = parseNetnsName(text);
  if (read === undefined || 'path' in read) return read?.path;
  return byName(read.name) ?? byCgroup(read.name) ?? (await byEngine(read.name));
}

function isNamespace(path: string): boolean {
  try {
    return statfsSync(path).type === NSFS;
  } catch {
    return false; // there is nothing, or nothing that we may look at
  }
}

const netOf = (pid: number | string): string => `/proc/${pid}/ns/net`;

function byName(text: string): string | undefined {
  return names().includes(text) ? `${NAMED}/${text}` : undefined;
}

function names(): string[] {
  return existsSync(NAMED) ? readdirSync(NAMED) : [];
}

/** A process in the container: which one does not matter, they share the namespace. */
function byCgroup(text: string): string | undefined {
  const pid = readdirSync('/proc').find(name => /^\d+$/.test(name) && isContainer(containerIn(name), text));
  return pid === undefined ? undefined : netOf(pid);
}

function containerIn(pid: string): string | null {
  try {
    return placeOf(parseCgroup(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))).container;
  } catch {
    return null; // it has ended
  }
}

async function byEngine(name: string): Promise<string | undefined> {
  for (const [engine, ...args] of ENGINES) {
    const pid = await pidFrom(engine, [...args, name]);
    if (pid > 0) return netOf(pid);
  }
  return undefined;
}

/** NaN where the engine is not installed, or does not know it. */
async function pidFrom(engine: string, args: readonly string[]): Promise<number> {
  try {
    return Number((await ask(engine, args)).stdout.trim() || NaN);
  } catch {
    return NaN;
  }
}
