import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bootMachine, type Machine } from './machine.js';

let vm: Machine;
beforeAll(async () => {
  vm = await bootMachine();
});
afterAll(() => vm[Symbol.asyncDispose]());

describe('the test machine', () => {
  it('runs a Debian 6.1 kernel under systemd, with journald', async () => {
    expect(vm.release).toMatch(/^6\.1\.0-\d+-amd64$/);
    expect(await vm.must('cat /proc/1/comm')).toBe('systemd\n');
    expect(await vm.must('journalctl -n 1 -o json')).toContain('"MESSAGE"');
  });
});
