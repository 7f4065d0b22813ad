import { describe, expect, it } from 'vitest';
import { tools } from '../../bench/tools.js';

const parse = (name: string, line: string) => tools.find(tool => tool.name === name)!.parse(line);

describe('what tools print', () => {
  it('reads ss', () => {
    const line =
      'tcp   SYN-SENT 0      1      10.77.0.1:40001 10.77.0.2:53    users:(("perl",pid=12,fd=3),("a b",pid=13,fd=4))';
    expect(parse('ss loop', line)).toEqual({ pids: [12, 13], port: 40001 });
    expect(parse('ss loop', 'udp ESTAB 0 0 10.77.0.1:40001 10.77.0.2:53')).toBeUndefined();
  });

  it('reads the original’s steps', () => {
    expect(parse('original', '40001 12')).toEqual({ pids: [12], port: 40001 });
    expect(parse('original', '40001 ')).toEqual({ pids: [], port: 40001 });
  });

  it('reads bpftrace, but not its announcements', () => {
    expect(parse('bpftrace syscalls', '12 perl')).toEqual({ pids: [12] });
    expect(parse('bpftrace syscalls', 'Attaching 2 probes...')).toBeUndefined();
  });

  it('reads ptrap', () => {
    const [flow, at] = [{ src: { port: 40001 } }, '2026-11-24T04:00:00.001250Z'];
    const packetAt = Date.parse('2026-11-24T04:00:00Z') + 1.25;
    const resolution = { status: 'resolved', processes: [{ pid: 12 }] };
    const sighting = JSON.stringify({ type: 'sighting', at, flow, resolution });
    expect(parse('ptrap journal', sighting)).toEqual({ pids: [12], port: 40001, packetAt });
    const exited = JSON.stringify({ type: 'sighting', at, flow, resolution: { status: 'unresolved' } });
    expect(parse('ptrap journal', exited)).toEqual({ pids: [], port: 40001, packetAt });
    expect(parse('ptrap journal', '{"type":"ready"}')).toBeUndefined();
  });

  it('reads when ptrap knew, of a source whose time is when the packet reached it', () => {
    const resolution = { status: 'resolved', processes: [{ pid: 12 }], latencyMs: 0.5 };
    const flow = { src: { port: 40001 } };
    const sighting = JSON.stringify({
      type: 'sighting',
      at: '2026-11-24T04:00:00.001250Z',
      flow,
      resolution,
    });
    const packetAt = Date.parse('2026-11-24T04:00:00Z') + 1.25;
    const named = { pids: [12], port: 40001, packetAt };
    expect(parse('ptrap nflog', sighting)).toEqual({ ...named, known: packetAt + 0.5 });
    expect(parse('ptrap journal', sighting)).toEqual(named);
  });
});
