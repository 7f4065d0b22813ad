import { endianness } from 'node:os';
import ipaddr from 'ipaddr.js';
import { protocolNumber } from '../../protocol.js';
import type { Selection } from '../../selection.js';
import type { Network } from '../../target/target.js';

/**
 * When a call goes to a selection, as an expression of bpftrace's language, over the variables that every probe sets:
 * `$d0` to `$d3`, the words of the destination as they lie in memory; `$protocol`; `$dport`, in host order.
 */
export function conditionOf(selection: Selection): string {
  return [destinationIn(selection), protocolIs(selection), portIn(selection)]
    .filter(part => part !== undefined)
    .join(' && ');
}

function destinationIn({ networks }: Selection): string | undefined {
  if (networks === 'any') return undefined;
  return networks.length === 0 ? '0' : anyOf(networks.map(isIn));
}

/** The destination's leading bits, 32 at a time. */
function isIn({ address, prefix }: Network): string {
  const bytes = Buffer.from(ipaddr.parse(address).toByteArray());
  const words: string[] = [];
  for (let bit = 0; bit < prefix; bit += 32) {
    const mask = (0xffffffff << Math.max(0, bit + 32 - prefix)) >>> 0;
    const value = (bytes.readUInt32BE(bit / 8) & mask) >>> 0;
    const name = `$d${bit / 32}`;
    words.push(
      mask === 0xffffffff
        ? `${name} == ${inMemory(value)}`
        : `(${name} & ${inMemory(mask)}) == ${inMemory(value)}`,
    );
  }
  return words.length === 0 ? '1' : words.join(' && ');
}

function protocolIs({ protocols, but }: Selection): string {
  const [equal, join] = but ? ['!=', ' && '] : ['==', ' || '];
  return `(${protocols.map(protocol => `$protocol ${equal} ${protocolNumber(protocol)}`).join(join)})`;
}

function portIn({ ports }: Selection): string | undefined {
  if (!ports) return undefined;
  return ports.from === ports.to
    ? `$dport == ${ports.from}`
    : `$dport >= ${ports.from} && $dport <= ${ports.to}`;
}

function anyOf(conditions: readonly string[]): string {
  return `(${conditions.map(condition => `(${condition})`).join(' || ')})`;
}

/** What four bytes in network order read as. */
function inMemory(word: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(word);
  return `0x${(endianness() === 'LE' ? bytes.readUInt32LE() : word).toString(16)}`;
}
