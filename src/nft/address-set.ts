import type { AddressChange } from '../target/addresses.js';
import type { Network, ResolvedTarget } from '../target/target.js';

type Family = Network['family'];

const FAMILIES = ['ipv4', 'ipv6'] as const;

/** Name of the set that holds the addresses of one family. */
export function addressSet(set: string, family: Family): string {
  return `${set}_${family}`;
}

/** The commands that make, in a table (`inet NAME`), the sets of all targets that are host names. */
export function makeAddressSets(table: string, targets: readonly ResolvedTarget[]): string[] {
  const sets = new Map(targets.flatMap(({ set, networks }) => (set === undefined ? [] : [[set, networks]])));
  return [...sets].flatMap(([set, networks]) =>
    FAMILIES.flatMap(family => [
      `add set ${table} ${addressSet(set, family)} { type ${family}_addr; }`,
      ...(networks === 'any' ? [] : elements('add', table, set, family, networks)),
    ]),
  );
}

/** The commands that bring a change into the sets of a table; within one transaction no packet finds an address missing. */
export function changeAddressSets(table: string, { set, added, removed }: AddressChange): string[] {
  return FAMILIES.flatMap(family => [
    ...elements('add', table, set, family, added),
    ...elements('delete', table, set, family, removed),
  ]);
}

function elements(
  verb: 'add' | 'delete',
  table: string,
  set: string,
  family: Family,
  networks: readonly Network[],
): string[] {
  const addresses = networks.filter(network => network.family === family).map(({ address }) => address);
  if (addresses.length === 0) return [];
  return [`${verb} element ${table} ${addressSet(set, family)} { ${addresses.join(', ')} }`];
}
