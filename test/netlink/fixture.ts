import { readFileSync } from 'node:fs';

/** Bytes recorded from a kernel (6.18, network namespace of its own), kept as hex text. */
export function recorded(name: string): Buffer {
  const text = readFileSync(new URL(`../fixtures/netlink/${name}.hex`, import.meta.url), 'latin1');
  return Buffer.from(text.replace(/\s/g, ''), 'hex');
}
