import { describe, expect, it } from 'vitest';
import { parseJournalLine } from '../../src/match/journal-entry.js';

const fields = {
  _TRANSPORT: 'kernel',
  SYSLOG_FACILITY: '0',
  MESSAGE: 'ptrap-abc123-0: …',
  __CURSOR: 's=1;i=2',
  __REALTIME_TIMESTAMP: '1795469407079980',
  __MONOTONIC_TIMESTAMP: '19584560',
  _SOURCE_MONOTONIC_TIMESTAMP: '19536712',
};

describe('parseJournalLine', () => {
  it('reads a kernel message', () => {
    expect(parseJournalLine(JSON.stringify(fields))).toEqual({
      cursor: 's=1;i=2',
      received: 1795469407079980,
      receivedMonotonic: 19584560,
      said: 19536712,
      message: 'ptrap-abc123-0: …',
    });
  });

  it.each([
    ['another transport', { _TRANSPORT: 'syslog' }],
    ['no transport', { _TRANSPORT: undefined }],
    ['two transports', { _TRANSPORT: ['kernel', 'syslog'] }],
    ['a facility that only processes have', { SYSLOG_FACILITY: '1' }],
    ['no facility', { SYSLOG_FACILITY: undefined }],
    ['bytes that are no text', { MESSAGE: [112, 255] }],
    ['a message too large to print', { MESSAGE: null }],
    ['a time that is none', { __REALTIME_TIMESTAMP: '12' }],
  ])('passes over %s', (_name, other) => {
    expect(parseJournalLine(JSON.stringify({ ...fields, ...other }))).toBeUndefined();
  });

  it.each(['', '{', 'null', '[]', '"x"', '-- cursor: x', JSON.stringify(fields).slice(0, -5)])(
    'passes over %j',
    line => {
      expect(parseJournalLine(line)).toBeUndefined();
    },
  );
});
