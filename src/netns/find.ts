import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { failure } from '../errors.js';
import { ask } from '../sys/exec.js';
import { nearest } from '../sys/nearest.js';
import { parseCgroup, placeOf } from '../sys/cgroup.js';

/** Where ip-netns(8) keeps the namespaces that have a name. */
const NAMED = '/run/netns';
/** A container may be named by the beginning of its id, as its engine shows it. */
const SHORTEST_ID = 12;
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
  const path = text.includes('/')
    ? text
    : (byPid(text) ?? byName(text) ?? byCgroup(text) ?? (await byEngine(text)));
  if (path !== undefined && existsSync(path)) return path;
  throw failure('PTRAP_E_NETNS', text, nearest(text, names()));
}

const netOf = (pid: number | string): string => `/proc/${pid}/ns/net`;

function byPid(text: string): string | undefined {
  return /^\d+$/.test(text) ? netOf(text) : undefined;
}

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

function isContainer(container: string | null, text: string): boolean {
  return (
    container === text ||
    (text.length >= SHORTEST_ID && /^[0-9a-f]+$/.test(text) && !!container?.startsWith(text))
  );
}

function containerIn(pid: string): string | null {
  try {
    return placeOf(parseCgroup(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))).container;
  } catch {
    return null; // it has ended
  }
}

async function byEngine(name: string): Promise<string | undefined> {
  if (name.startsWith('-')) return undefined;
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
