import type { Ticket } from '../netlink/nfqueue.js';

/** What ptrap tells the keeper of its queues, over a pipe: records of two 32-bit numbers, for packets that it has let go. */
const RECORD_BYTES = 8;

/** The record for one packet. */
export function goneRecord({ queue, id }: Ticket): Buffer {
  const record = Buffer.allocUnsafe(RECORD_BYTES);
  record.writeUInt32BE(queue, 0);
  record.writeUInt32BE(id, 4);
  return record;
}

/** Reads records from chunks of any size. */
export function recordReader(take: (ticket: Ticket) => void): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  return chunk => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    for (; at + RECORD_BYTES <= bytes.length; at += RECORD_BYTES) {
      take({ queue: bytes.readUInt32BE(at), id: bytes.readUInt32BE(at + 4) });
    }
    rest = bytes.subarray(at);
  };
}

/** The line that makes nft take all rules out of a chain; the chain itself stays. */
export function flushCommand(table: string, chain: string): string {
  return `flush chain inet ${table} ${chain}\n`;
}
