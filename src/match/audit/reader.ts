import { writeSync } from 'node:fs';
import { messageHeader, NLMSG_NOOP } from '../../netlink/message.js';
import { relayPastOverruns } from '../../netlink/relay.js';
import { openRecords } from './records.js';

/** A program to be run in the first network namespace: it copies the records of the kernel's audit to its stdout until its stdin ends. */
const records = openRecords();
writeSync(process.stdout.fd, messageHeader(NLMSG_NOOP, 0, 0, 0)); // what is told from now on is heard
const relay = relayPastOverruns(records, 'inherit');
relay.stderr.pipe(process.stderr);
process.stdin.resume().once('close', () => process.exit());
relay.once('exit', () => process.exit());
