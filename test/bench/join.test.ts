import { describe, expect, it } from 'vitest';
import { join, type Sender } from '../../bench/join.js';
import { parseSender } from '../../bench/score.js';

const sender = (pid: number, port: number, started: number, holders = [pid]): Sender => ({
  pid,
  port,
  started,
  took: 1,
  answered: true,
  holders,
});

describe('joining sightings with senders', () => {
  it('names a sender by its pid and its port, and takes the time from its start', () => {
    const score = join([sender(1, 100, 5), sender(2, 200, 6)], [{ pids: [2], port: 200, at: 9 }]);
    expect(score).toEqual({ named: 1, wrong: 0, unknown: 0, latencies: [3], untilKnown: [] });
  });

  it('goes by the pid alone where the tool tells no port', () => {
    expect(join([sender(1, 100, 5)], [{ pids: [1], at: 7 }])).toMatchObject({ named: 1, wrong: 0 });
    expect(join([sender(1, 100, 5)], [{ pids: [9], at: 7 }])).toMatchObject({ named: 0, wrong: 1 });
  });

  it('tells apart two senders that had the same port, one after the other', () => {
    const senders = [sender(1, 100, 5), sender(2, 100, 50)];
    const right = [
      { pids: [1], port: 100, at: 6 },
      { pids: [2], port: 100, at: 51 },
    ];
    expect(join(senders, right)).toMatchObject({ named: 2, wrong: 0, unknown: 0, latencies: [1, 1] });
    expect(join(senders, [{ pids: [2], port: 100, at: 20 }])).toMatchObject({ named: 0, wrong: 1 });
  });

  it('takes the pid of another sender for wrong when the port is not its own', () => {
    const senders = [sender(1, 100, 5), sender(2, 200, 5)];
    expect(join(senders, [{ pids: [1], port: 200, at: 6 }])).toMatchObject({ named: 0, wrong: 1 });
  });

  it('takes the child that inherited the socket for wrong alone, and for right beside the sender', () => {
    const senders = [sender(1, 100, 5, [1, 2])];
    expect(join(senders, [{ pids: [2], port: 100, at: 6 }])).toMatchObject({ named: 0, wrong: 1 });
    expect(join(senders, [{ pids: [2, 1], port: 100, at: 6 }])).toMatchObject({ named: 1, wrong: 0 });
    expect(join(senders, [{ pids: [1, 3], port: 100, at: 6 }])).toMatchObject({ named: 0, wrong: 1 });
  });

  it('counts what is told again once, and no answer as not known', () => {
    const again = { pids: [1], port: 100, at: 6 };
    const wrong = { pids: [7], port: 100, at: 6 };
    const unknown = { pids: [], port: 100, at: 6 };
    expect(join([sender(1, 100, 5)], [again, again, wrong, wrong, unknown])).toMatchObject({
      named: 1,
      wrong: 1,
      unknown: 1,
      latencies: [1],
    });
  });

  it('takes the time until a tool knew from what it tells, of those that it named', () => {
    const sightings = [
      { pids: [1], port: 100, at: 9, known: 7 },
      { pids: [], port: 200, at: 9, known: 8 },
    ];
    expect(join([sender(1, 100, 5), sender(2, 200, 5)], sightings)).toMatchObject({ untilKnown: [2] });
  });

  it('reads what a sender leaves', () => {
    expect(parseSender('12 40001 1000.5 20.25 1 12,13')).toEqual({
      pid: 12,
      port: 40001,
      started: 1000.5,
      took: 20.25,
      answered: true,
      holders: [12, 13],
    });
  });
});
