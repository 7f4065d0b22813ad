import { describe, expect, it } from 'vitest';
import { goneRecord, recordReader } from '../../src/match/queue-control.js';

const told = [
  { queue: 0, id: 1 },
  { queue: 65_535, id: 0xffff_ffff },
  { queue: 9, id: 2 },
];
const bytes = Buffer.concat(told.map(goneRecord));

describe('the records to the keeper', () => {
  it.each([1, 3, 8, 11, bytes.length])('come out as they went in, in pieces of %i bytes', size => {
    const taken: unknown[] = [];
    const read = recordReader(record => taken.push(record));
    for (let at = 0; at < bytes.length; at += size) read(bytes.subarray(at, at + size));
    expect(taken).toEqual(told);
  });
});
