import { copyPastOverruns } from '../group.js';
import { openRecords } from './records.js';

/** A program to be run in the first network namespace: it copies the records of the kernel's audit to its stdout until its stdin ends. */
const child = copyPastOverruns(openRecords(), 'inherit');
child.stderr.pipe(process.stderr);
process.stdin.resume().once('close', () => process.exit());
child.once('exit', () => process.exit());
