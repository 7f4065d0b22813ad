import { writeSync } from 'node:fs';
import { startSubscribed, subscribe } from './proc-connector.js';

/** A program to be run in the first network namespace: it subscribes to process events and leaves a relay behind that copies them to its stdout. */
const answer = await subscribe(Number(process.argv[2]));
if (typeof answer === 'string') process.exit(1);
writeSync(process.stdout.fd, Buffer.concat(answer.received));
startSubscribed(answer.socket, 'inherit');
process.exit();
