import type { ProcessInfo, Sighting } from 'ptrap';

type Read = (sighting: Sighting, process: ProcessInfo) => string | number | null | undefined;

/** What a command is told beside the PID, by name: `dst` is `{dst}` in an argument and PTRAP_DST in the environment. */
const facts: Readonly<Record<string, Read>> = {
  id: ({ id }) => id,
  at: ({ at }) => at,
  instance: ({ instance }) => instance,
  target: ({ target }) => target,
  count: ({ count }) => count,
  protocol: ({ flow }) => flow.protocol,
  src: ({ flow }) => flow.src.address,
  sport: ({ flow }) => flow.src.port,
  dst: ({ flow }) => flow.dst.address,
  dport: ({ flow }) => flow.dst.port,
  pid: (_, { pid }) => pid,
  ppid: (_, { ppid }) => ppid,
  comm: (_, { comm }) => comm,
  exe: (_, { exe }) => exe,
  cwd: (_, { cwd }) => cwd,
  uid: (_, { uid }) => uid,
  user: (_, { user }) => user,
  unit: (_, { unit }) => unit,
  container: (_, { container }) => container,
  runtime: (_, { runtime }) => runtime,
  pod: (_, { pod }) => pod,
  nspid: (_, { nsPid }) => nsPid,
};

export const factNames: readonly string[] = Object.keys(facts);

/** One of them as text; empty where it is not known. */
export function factOf(name: string, sighting: Sighting, process: ProcessInfo): string {
  return String(facts[name]?.(sighting, process) ?? '');
}

/** All of them for the environment; what is not known is absent. Values are data of the process. */
export function environmentOf(sighting: Sighting, process: ProcessInfo): Record<string, string> {
  const known = Object.entries(facts).flatMap(([name, read]) => {
    const value = read(sighting, process);
    return value == null ? [] : [[`PTRAP_${name.toUpperCase()}`, String(value)]];
  });
  return Object.fromEntries(known) as Record<string, string>;
}
