/** What a process's cgroup says about it. Pure. */

/** The engine that runs a container. */
type Runtime = 'docker' | 'podman' | 'containerd' | 'cri-o' | 'lxc' | 'systemd-nspawn';

/** The container that a cgroup belongs to. */
interface Container {
  /** The id that its engine gave it (64 hex digits), or the name of an lxc or systemd-nspawn machine. */
  id: string;
  /** Undefined where the path does not tell. */
  runtime: Runtime | undefined;
  /** UID of its pod in Kubernetes, or id of its pod in podman. */
  pod: string | undefined;
}

/** What a cgroup tells of its processes. */
interface Place {
  unit: string | null;
  container: string | null;
  runtime?: Runtime;
  pod?: string;
}

/** A name may hold anything but `/` and `\n`: hence `s`, or `.` would stop at other line ends. */
const UNIT = /^.+\.(?:service|scope|socket|mount|swap)$/s;
/** Ids under cgroupfs and systemd, with what comes before: `docker-`, `libpod-`, `cri-containerd-`, `pod1:cri-containerd:` or nothing. */
const CONTAINER_ID = /^(?:(.*)[-:])?([0-9a-f]{64})(?:\.scope)?$/s;
/** The last word of what comes before an id. */
const BY_PREFIX: Partial<Record<string, Runtime>> = {
  docker: 'docker',
  libpod: 'podman',
  'libpod-payload': 'podman',
  'cri-containerd': 'containerd',
  nerdctl: 'containerd',
  crio: 'cri-o',
};
/** The folder that a bare id lies in: `default` is what nerdctl and ctr call their namespace. */
const BY_FOLDER: Partial<Record<string, Runtime>> = { docker: 'docker', default: 'containerd' };
/** What waits beside a container, on the outside, for podman and cri-o; nspawn itself waits in a cgroup of its container's. */
const MONITOR = /conmon/;
const SUPERVISOR = 'supervisor';
/** A service of systemd-nspawn's own; as a scope, machined's, it may be a machine of another kind, unless there is a payload in it. */
const NSPAWN = /^systemd-nspawn@(.+)\.service$/s;
const MACHINE = /^machine-(.+)\.scope$/s;
/** libvirt's virtual machines are no containers. */
const VIRTUAL = /^qemu\\x2d/;
const LXC = /^lxc\.payload\.(.+)$/s;
/** As systemd's slice, in which `_` stands for `-`, or as a folder; static pods have a hash. */
const KUBERNETES_POD =
  /(?:^|-)pod([0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}|[0-9a-f]{32})(?:\.slice)?(?::|$)/;
const PODMAN_POD = /^(?:.*-)?libpod_pod_([0-9a-f]{64})\.slice$/;

/** The path in /proc/<pid>/cgroup (cgroups(7)): of the unified hierarchy, else of systemd's own in version 1. */
export function parseCgroup(text: string): string | null {
  const lines = text.split('\n').map(line => /^(\d+):([^:]*):(\/.*)$/s.exec(line));
  const unified = lines.find(line => line?.[1] === '0' && line[2] === '')?.[3];
  const named = lines.find(line => line?.[2] === 'name=systemd')?.[3];
  // in a hybrid set-up the unified hierarchy may be there without being used
  return (unified === undefined || unified === '/' ? (named ?? unified) : unified) ?? null;
}

/** The systemd unit, a user's own included: `cron.service`, `session-3.scope`. Escapes (`\x2d`) are left as they are. */
function unitOf(cgroup: string): string | null {
  return cgroup.split('/').findLast(part => UNIT.test(part)) ?? null;
}

/** Where a cgroup belongs, as the events tell of it. */
export function placeOf(cgroup: string | null): Place {
  if (cgroup === null) return { unit: null, container: null };
  const { id = null, runtime, pod } = containerOf(cgroup) ?? {};
  return {
    unit: unitOf(cgroup),
    container: id,
    ...(runtime !== undefined && { runtime }),
    ...(pod !== undefined && { pod }),
  };
}

/** The innermost container that a process of this cgroup is in; undefined where it is in none. */
function containerOf(cgroup: string): Container | undefined {
  const parts = cgroup
    .replace(/\/lxc\.payload\//, '/lxc.payload.')
    .replace(/^\/lxc\//, '/lxc.payload.')
    .split('/');
  for (let last = parts.length - 1; last >= 0; last -= 1) {
    const found = containerAt(parts, last);
    if (found) return { ...found, pod: podIn(parts.slice(0, last + 1)) };
  }
  return undefined;
}

function containerAt(parts: readonly string[], at: number): Omit<Container, 'pod'> | undefined {
  const part = parts[at]!;
  if (MONITOR.test(part) || (isOfNspawn(part) && parts[at + 1] === SUPERVISOR)) return undefined;
  const [isOfEngine, prefix, id] = CONTAINER_ID.exec(part) ?? [];
  if (isOfEngine && id !== undefined) {
    const runtime =
      prefix === undefined ? BY_FOLDER[parts[at - 1] ?? ''] : BY_PREFIX[/[^:]*$/.exec(prefix)![0]];
    return { id, runtime };
  }
  const lxc = LXC.exec(part)?.[1];
  if (lxc !== undefined) return { id: lxc, runtime: 'lxc' };
  const nspawn = NSPAWN.exec(part)?.[1];
  if (nspawn !== undefined) return { id: unescaped(nspawn), runtime: 'systemd-nspawn' };
  const machine = MACHINE.exec(part)?.[1];
  if (machine === undefined || VIRTUAL.test(machine)) return undefined;
  return { id: unescaped(machine), runtime: parts[at + 1] === 'payload' ? 'systemd-nspawn' : undefined };
}

function isOfNspawn(part: string): boolean {
  return NSPAWN.test(part) || MACHINE.test(part);
}

/** `foo\x2dbar` → `foo-bar` (systemd.unit(5)). */
function unescaped(name: string): string {
  return name.replace(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}

function podIn(parts: readonly string[]): string | undefined {
  for (const part of parts.toReversed()) {
    const kubernetes = KUBERNETES_POD.exec(part)?.[1];
    if (kubernetes !== undefined) return kubernetes.replaceAll('_', '-');
    const podman = PODMAN_POD.exec(part)?.[1];
    if (podman !== undefined) return podman;
  }
  return undefined;
}
