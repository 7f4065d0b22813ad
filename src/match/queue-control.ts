import type { Ticket } from '../netlink/nfqueue.js';

/** What ptrap tells the keeper of its queues, over a pipe: records of two 32-bit numbers. */

const RECORD_BYTES = 8;
/** In place of a queue, whose number has 16 bits. */
const ALL = 0xffff_ffff;

/** This one may go. */
export function goRecord({ queue, id }: Ticket): Buffer {
  const record = Buffer.allocUnsafe(RECORD_BYTES);
  record.writeUInt32BE(queue, 0);
  record.writeUInt32BE(id, 4);
  return record;
}

/** All may go, and what comes from now on at once. */
export const GO_ALL = goRecord({ queue: ALL, id: 0 });

/** Reads records from chunks of any size. */
export function recordReader(take: (told: Ticket | 'all') => void): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  return chunk => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    for (; at + RECORD_BYTES <= bytes.length; at += RECORD_BYTES) {
      const queue = bytes.readUInt32BE(at);
      take(queue === ALL ? 'all' : { queue, id: bytes.readUInt32BE(at + 4) });
    }
    rest = bytes.subarray(at);
  };
}
