import type { ProcessInfo, Sighting } from 'ptrap';

/** What the command is told beside the PID; what is not known is absent. Values are data of the process. */
export function environmentOf(sighting: Sighting, process: ProcessInfo): Record<string, string> {
  const { flow, id, at, target, instance, count } = sighting;
  const values: Record<string, string | number | null | undefined> = {
    PTRAP_ID: id,
    PTRAP_AT: at,
    PTRAP_INSTANCE: instance,
    PTRAP_TARGET: target,
    PTRAP_COUNT: count,
    PTRAP_PROTOCOL: flow.protocol,
    PTRAP_SRC: flow.src.address,
    PTRAP_SPORT: flow.src.port,
    PTRAP_DST: flow.dst.address,
    PTRAP_DPORT: flow.dst.port,
    PTRAP_PID: process.pid,
    PTRAP_PPID: process.ppid,
    PTRAP_COMM: process.comm,
    PTRAP_EXE: process.exe,
    PTRAP_CWD: process.cwd,
    PTRAP_UID: process.uid,
    PTRAP_USER: process.user,
    PTRAP_UNIT: process.unit,
    PTRAP_CONTAINER: process.container,
    PTRAP_RUNTIME: process.runtime,
    PTRAP_POD: process.pod,
    PTRAP_NSPID: process.nsPid,
  };
  const known = Object.entries(values).filter(([, value]) => value != null);
  return Object.fromEntries(known.map(([name, value]) => [name, String(value)]));
}
