import { describe, expect, it } from 'vitest';
import { event, type Ready } from '../../src/events.js';
import { jsonLine } from '../../src/report/json.js';

const ready: Ready = {
  schema: 1,
  type: 'ready',
  instance: 'k3v9qa',
  pid: 4242,
  targets: ['192.168.1.1:53/udp'],
  source: 'journal',
  hold: { strategy: 'netem', delayMs: 60 },
  sourceLatencyMs: 9.1,
};

describe('jsonLine', () => {
  it('is one line that reads back as the event', () => {
    const line = jsonLine(ready);
    expect(line.endsWith('\n')).toBe(true);
    expect(event.parse(JSON.parse(line))).toEqual(ready);
  });

  it('is plain to a terminal and to a line reader whatever the text is, and loses nothing of it', () => {
    const targets = ['a\nb\u001b[2J', '\u009b31m', '\u2028\u2029', '\u007f', '\u0085', '\ud800', '"\\'];
    const line = jsonLine({ ...ready, targets });
    expect(line.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
    expect(JSON.parse(line)).toEqual({ ...ready, targets });
  });
});
