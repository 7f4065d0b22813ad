/** What a process's cgroup says about it. Pure. */

/** A name may hold anything but `/` and `\n`: hence `s`, or `.` would stop at other line ends. */
const UNIT = /^.+\.(?:service|scope|socket|mount|swap)$/s;
/** docker-, libpod-, cri-containerd-, crio- and bare ids, under cgroupfs and systemd. */
const CONTAINER_ID = /^(?:.*[-:])?([0-9a-f]{64})(?:\.scope)?$/s;
const MONITOR = /conmon/;
const NAMED = [/^lxc\.payload[./](.+)$/s, /^machine-(.+)\.scope$/s, /^systemd-nspawn@(.+)\.service$/s];

/** The path in /proc/<pid>/cgroup (cgroups(7)): of the unified hierarchy, else of systemd's own in version 1. */
export function parseCgroup(text: string): string | null {
  const lines = text.split('\n').map(line => /^(\d+):([^:]*):(\/.*)$/s.exec(line));
  const unified = lines.find(line => line?.[1] === '0' && line[2] === '')?.[3];
  const named = lines.find(line => line?.[2] === 'name=systemd')?.[3];
  // in a hybrid set-up the unified hierarchy may be there without being used
  return (unified === undefined || unified === '/' ? (named ?? unified) : unified) ?? null;
}

/** The systemd unit, a user's own included: `cron.service`, `session-3.scope`. Escapes (`\x2d`) are left as they are. */
export function unitOf(cgroup: string): string | null {
  return cgroup.split('/').findLast(part => UNIT.test(part)) ?? null;
}

/** The innermost container: the id that its engine gave it (64 hex digits), or the name of an lxc or systemd-nspawn machine. */
export function containerOf(cgroup: string): string | null {
  const parts = cgroup
    .replace(/\/lxc\.payload\//, '/lxc.payload.')
    .replace(/^\/lxc\//, '/lxc.payload.')
    .split('/');
  for (const part of parts.reverse()) {
    const name = MONITOR.test(part) ? undefined : nameIn(part);
    if (name !== undefined) return name;
  }
  return null;
}

function nameIn(part: string): string | undefined {
  const patterns = [CONTAINER_ID, ...NAMED];
  return patterns.map(pattern => pattern.exec(part)?.[1]).find(name => name !== undefined);
}
