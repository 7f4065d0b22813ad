#!/usr/bin/env node
// Stands before the real journalctl (/mnt/journalctl): the first to run brings 14 entries and then no more, as one
// that has overlooked an entry does; the next brings them all.
import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const stalls = !existsSync('/mnt/stalled');
writeFileSync('/mnt/stalled', '');
const real = spawn('/mnt/journalctl', process.argv.slice(2), { stdio: ['ignore', 'pipe', 'inherit'] });
process.on('SIGTERM', () => real.kill());
real.on('exit', code => process.exit(code ?? 0));
let brought = 0;
createInterface({ input: real.stdout }).on('line', line => {
  if (!line.includes('"MESSAGE":"ptrap-')) return;
  brought += 1;
  if (!stalls || brought <= 14) process.stdout.write(`${line}\n`);
});
