import { describe, expect, it } from 'vitest';
import { event } from '../../src/events.js';
import { jsonLine } from '../../src/report/json.js';
import { ready } from '../fixtures/report/events.js';

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
