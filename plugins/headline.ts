import { visible, type Sighting } from 'ptrap';

/** A sighting in one line for a person: `dig[991] alice cron.service → 192.168.1.1:53/udp`. */
export function headline({ flow, resolution, count }: Sighting): string {
  const processes = resolution.status === 'resolved' ? resolution.processes : [];
  const sender = resolution.status === 'resolved' ? resolution.sender : undefined;
  const why = resolution.status === 'resolved' ? resolution.grade : resolution.reason;
  const known = sender ? [...processes, sender] : processes;
  const who = [
    processes.map(({ comm, pid }) => `${comm}[${pid}]`).join(', ') || `unknown process (${why})`,
    ...new Set(known.map(({ user }) => user)),
    ...new Set(known.map(({ unit }) => unit)),
  ];
  const { address, port } = flow.dst;
  const host = flow.family === 'ipv6' && port !== undefined ? `[${address}]` : address;
  const where = port === undefined ? host : `${host}:${port}`;
  const times = count > 1 ? ` (${count} times)` : '';
  return visible(`${who.filter(Boolean).join(' ')} → ${where}/${flow.protocol}${times}`);
}
