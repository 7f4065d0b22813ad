import ipaddr from 'ipaddr.js';
import type { Sighting } from '../events.js';
import type { Network, Target } from '../target/target.js';

/** A target, and what its host name stands for today. */
export interface Wanted extends Target {
  addresses: readonly Network[];
}

/** Whether a sighting went to one of the targets; all do where there is none. */
export function isTo(targets: readonly Wanted[], { flow, target: text }: Sighting): boolean {
  return targets.length === 0 || targets.some(target => fits(target, flow, text));
}

/** Whether one of its processes runs a program: by its path, or its name alone. */
export function runs(program: string, { resolution }: Sighting): boolean {
  if (resolution.status === 'unresolved') return false;
  return resolution.processes.some(({ exe, comm }) =>
    program.includes('/') ? exe === program : (exe?.split('/').at(-1) ?? comm) === program,
  );
}

function fits({ host, ports, protocols, addresses }: Wanted, flow: Sighting['flow'], text: string): boolean {
  const { dst, protocol } = flow;
  if (protocols !== 'any' && !protocols.includes(protocol)) return false;
  if (ports && !(dst.port !== undefined && dst.port >= ports.from && dst.port <= ports.to)) return false;
  if (host.kind === 'any') return true;
  // a name may have stood for another address by then
  if (host.kind === 'name' && text.split(/[:/]/)[0] === host.name) return true;
  return addresses.some(network => isIn(dst.address, network));
}

function isIn(address: string, { family, address: first, prefix }: Network): boolean {
  const parsed = ipaddr.parse(address);
  return parsed.kind() === family && parsed.match([ipaddr.parse(first), prefix]);
}
